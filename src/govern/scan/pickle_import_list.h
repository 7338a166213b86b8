/* What imports of pickles are known to be: harmless ones by full name, dangerous ones by module or name.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   IMPORT_HARMLESS(module, names)   names, with a space before and behind each, that build plain data
 *   IMPORT_DANGEROUS(module)         this module and what lies below it
 *   IMPORT_DANGEROUS_NAME(module, names)  only these names of it
 *
 * Harmless is what PyTorch's own weights-only loader (torch/_weights_only_unpickler.py) and numpy's readers build
 * arrays from, and containers and values of the standard library. What is dangerous runs commands, code or other
 * pickles, opens files or sockets, or hands out attributes by name; the old names of Python 2 count, because
 * loaders translate them. What is in no list is asked about. */
IMPORT_HARMLESS("collections", " OrderedDict defaultdict Counter deque ")
IMPORT_HARMLESS(
    "builtins",
    " set frozenset list dict tuple int float complex bool str bytes bytearray slice range object ")
IMPORT_HARMLESS("__builtin__", " set frozenset list dict tuple int long float complex bool str "
                               "unicode bytes bytearray slice xrange object ")
IMPORT_HARMLESS("copyreg", " _reconstructor __newobj__ ")
IMPORT_HARMLESS("copy_reg", " _reconstructor __newobj__ ")
IMPORT_HARMLESS("_codecs", " encode ")
IMPORT_HARMLESS("types", " SimpleNamespace ")
IMPORT_HARMLESS("argparse", " Namespace ")
IMPORT_HARMLESS("datetime", " date time datetime timedelta timezone ")
IMPORT_HARMLESS("decimal", " Decimal ")
IMPORT_HARMLESS("fractions", " Fraction ")
IMPORT_HARMLESS("uuid", " UUID ")
IMPORT_HARMLESS("pathlib", " Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath ")
IMPORT_HARMLESS("pathlib._local",
                " Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath ")
IMPORT_HARMLESS(
    "torch._utils",
    " _rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_parameter "
    "_rebuild_parameter_with_state _rebuild_sparse_tensor _rebuild_nested_tensor _rebuild_qtensor "
    "_rebuild_meta_tensor_no_storage _rebuild_device_tensor_from_numpy "
    "_rebuild_device_tensor_from_cpu_tensor _rebuild_wrapper_subclass ")
IMPORT_HARMLESS("torch._tensor", " _rebuild_from_type_v2 ")
IMPORT_HARMLESS("torch.serialization", " _get_layout ")
IMPORT_HARMLESS("torch.nn.parameter",
                " Parameter Buffer UninitializedParameter UninitializedBuffer ")
IMPORT_HARMLESS("torch.storage", " TypedStorage UntypedStorage _TypedStorage _UntypedStorage ")
IMPORT_HARMLESS(
    "torch",
    " Tensor Size device dtype layout memory_format Generator FloatStorage DoubleStorage "
    "HalfStorage BFloat16Storage LongStorage IntStorage ShortStorage CharStorage ByteStorage "
    "BoolStorage ComplexFloatStorage ComplexDoubleStorage QInt8Storage QUInt8Storage QInt32Storage "
    "QUInt4x2Storage QUInt2x4Storage UntypedStorage FloatTensor DoubleTensor HalfTensor "
    "BFloat16Tensor LongTensor IntTensor ShortTensor CharTensor ByteTensor BoolTensor float32 "
    "float float64 double float16 half bfloat16 int64 long int32 int int16 short int8 uint8 uint16 "
    "uint32 uint64 bool complex32 complex64 complex128 float8_e4m3fn float8_e5m2 float8_e4m3fnuz "
    "float8_e5m2fnuz float8_e8m0fnu quint8 qint8 qint32 quint4x2 quint2x4 strided sparse_coo "
    "sparse_csr per_tensor_affine per_channel_affine contiguous_format channels_last "
    "preserve_format ")
IMPORT_HARMLESS(
    "torch.cuda",
    " FloatStorage DoubleStorage HalfStorage BFloat16Storage LongStorage IntStorage ShortStorage "
    "CharStorage ByteStorage BoolStorage FloatTensor HalfTensor BFloat16Tensor LongTensor ")
IMPORT_HARMLESS("numpy", " ndarray dtype bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 "
                         "float16 float32 float64 complex64 complex128 str_ bytes_ ")
IMPORT_HARMLESS("numpy.core.multiarray", " _reconstruct scalar ")
IMPORT_HARMLESS("numpy._core.multiarray", " _reconstruct scalar ")
IMPORT_HARMLESS("numpy.core.numeric", " _frombuffer ")
IMPORT_HARMLESS("numpy._core.numeric", " _frombuffer ")
IMPORT_HARMLESS(
    "numpy.dtypes",
    " Float64DType Float32DType Float16DType Int64DType Int32DType Int16DType Int8DType "
    "UInt64DType UInt32DType UInt16DType UInt8DType BoolDType StrDType BytesDType ")
IMPORT_HARMLESS("numpy.random._pickle",
                " __randomstate_ctor __generator_ctor __bit_generator_ctor ")
IMPORT_HARMLESS("numpy.random._mt19937", " MT19937 ")
IMPORT_HARMLESS("numpy.random._pcg64", " PCG64 ")

IMPORT_DANGEROUS_NAME("builtins",
                      " eval exec compile __import__ open getattr setattr delattr globals locals "
                      "vars breakpoint input __build_class__ help exit quit ")
IMPORT_DANGEROUS_NAME("__builtin__",
                      " eval exec execfile compile __import__ open file getattr setattr delattr "
                      "globals locals vars apply reload input raw_input help exit quit ")
IMPORT_DANGEROUS_NAME("operator", " attrgetter methodcaller call ")
IMPORT_DANGEROUS_NAME("_operator", " attrgetter methodcaller call ")
IMPORT_DANGEROUS_NAME("types", " CodeType FunctionType LambdaType MethodType ModuleType ")
IMPORT_DANGEROUS_NAME("numpy", " load save savetxt loadtxt fromfile genfromtxt memmap fromregex ")
IMPORT_DANGEROUS_NAME("torch", " load save compile ")
IMPORT_DANGEROUS_NAME("torch.serialization", " load save ")
IMPORT_DANGEROUS_NAME("torch.jit", " load save script ")
IMPORT_DANGEROUS_NAME("joblib", " load dump ")
IMPORT_DANGEROUS_NAME("pandas", " read_pickle eval read_csv ")
IMPORT_DANGEROUS_NAME("io", " open open_code FileIO ")
IMPORT_DANGEROUS_NAME("_io", " open open_code FileIO ")
IMPORT_DANGEROUS_NAME("copyreg", " add_extension pickle ")
IMPORT_DANGEROUS_NAME("codecs", " open ")
IMPORT_DANGEROUS_NAME("site", " main execsitecustomize execusercustomize addsitedir addpackage ")
IMPORT_DANGEROUS_NAME("logging.config", " _resolve dictConfig fileConfig listen ")
IMPORT_DANGEROUS_NAME("pkgutil", " resolve_name get_loader find_loader ")
IMPORT_DANGEROUS_NAME("inspect", " getattr_static ")
IMPORT_DANGEROUS_NAME("doctest", " debug_script debug testfile testmod run_docstring_examples ")
IMPORT_DANGEROUS_NAME("uuid", " _get_command_stdout _popen ")
IMPORT_DANGEROUS_NAME("pydoc", " pipepager tempfilepager locate safeimport ")
IMPORT_DANGEROUS_NAME("_pyrepl.pager", " pipe_pager tempfile_pager ")
IMPORT_DANGEROUS_NAME("test.support.script_helper", " assert_python_ok run_python_until_end ")

IMPORT_DANGEROUS("os")
IMPORT_DANGEROUS("posix")
IMPORT_DANGEROUS("nt")
IMPORT_DANGEROUS("sys")
IMPORT_DANGEROUS("subprocess")
IMPORT_DANGEROUS("_posixsubprocess")
IMPORT_DANGEROUS("commands")
IMPORT_DANGEROUS("popen2")
IMPORT_DANGEROUS("pty")
IMPORT_DANGEROUS("shutil")
IMPORT_DANGEROUS("tempfile")
IMPORT_DANGEROUS("fileinput")
IMPORT_DANGEROUS("linecache")
IMPORT_DANGEROUS("socket")
IMPORT_DANGEROUS("_socket")
IMPORT_DANGEROUS("socketserver")
IMPORT_DANGEROUS("SocketServer")
IMPORT_DANGEROUS("ssl")
IMPORT_DANGEROUS("asyncio")
IMPORT_DANGEROUS("http")
IMPORT_DANGEROUS("httplib")
IMPORT_DANGEROUS("urllib")
IMPORT_DANGEROUS("urllib2")
IMPORT_DANGEROUS("urllib3")
IMPORT_DANGEROUS("requests")
IMPORT_DANGEROUS("httpx")
IMPORT_DANGEROUS("aiohttp")
IMPORT_DANGEROUS("ftplib")
IMPORT_DANGEROUS("telnetlib")
IMPORT_DANGEROUS("smtplib")
IMPORT_DANGEROUS("poplib")
IMPORT_DANGEROUS("imaplib")
IMPORT_DANGEROUS("nntplib")
IMPORT_DANGEROUS("xmlrpc")
IMPORT_DANGEROUS("xmlrpclib")
IMPORT_DANGEROUS("paramiko")
IMPORT_DANGEROUS("webbrowser")
IMPORT_DANGEROUS("antigravity")
IMPORT_DANGEROUS("importlib")
IMPORT_DANGEROUS("_frozen_importlib")
IMPORT_DANGEROUS("_frozen_importlib_external")
IMPORT_DANGEROUS("imp")
IMPORT_DANGEROUS("_imp")
IMPORT_DANGEROUS("zipimport")
IMPORT_DANGEROUS("runpy")
IMPORT_DANGEROUS("code")
IMPORT_DANGEROUS("codeop")
IMPORT_DANGEROUS("pdb")
IMPORT_DANGEROUS("bdb")
IMPORT_DANGEROUS("timeit")
IMPORT_DANGEROUS("trace")
IMPORT_DANGEROUS("profile")
IMPORT_DANGEROUS("cProfile")
IMPORT_DANGEROUS("pickle")
IMPORT_DANGEROUS("_pickle")
IMPORT_DANGEROUS("cPickle")
IMPORT_DANGEROUS("pickletools")
IMPORT_DANGEROUS("marshal")
IMPORT_DANGEROUS("shelve")
IMPORT_DANGEROUS("dill")
IMPORT_DANGEROUS("cloudpickle")
IMPORT_DANGEROUS("ctypes")
IMPORT_DANGEROUS("_ctypes")
IMPORT_DANGEROUS("cffi")
IMPORT_DANGEROUS("signal")
IMPORT_DANGEROUS("_signal")
IMPORT_DANGEROUS("multiprocessing")
IMPORT_DANGEROUS("platform")
IMPORT_DANGEROUS("gc")
IMPORT_DANGEROUS("pip")
IMPORT_DANGEROUS("setuptools")
IMPORT_DANGEROUS("pkg_resources")
IMPORT_DANGEROUS("distutils")
IMPORT_DANGEROUS("ensurepip")
IMPORT_DANGEROUS("venv")
IMPORT_DANGEROUS("idlelib")
IMPORT_DANGEROUS("lib2to3")
IMPORT_DANGEROUS("turtledemo")
IMPORT_DANGEROUS("numpy.testing")
IMPORT_DANGEROUS("numpy.distutils")
IMPORT_DANGEROUS("numpy.f2py")
IMPORT_DANGEROUS("torch.hub")
IMPORT_DANGEROUS("torch.utils._config_module")
IMPORT_DANGEROUS("torch.utils.collect_env")
IMPORT_DANGEROUS("torch.utils.bottleneck")
IMPORT_DANGEROUS("torch.utils.cpp_extension")
IMPORT_DANGEROUS("torch.utils.data.datapipes")
IMPORT_DANGEROUS("torch.utils.hipify")
IMPORT_DANGEROUS("torch.utils.model_dump")
IMPORT_DANGEROUS("torch.utils.model_zoo")
IMPORT_DANGEROUS("torch.utils._cpp_extension_versioner")
IMPORT_DANGEROUS("torch._inductor")
IMPORT_DANGEROUS("torch._dynamo")
IMPORT_DANGEROUS("torch.distributed.elastic")
IMPORT_DANGEROUS("torch.multiprocessing")
IMPORT_DANGEROUS("torch.jit.unsupported_tensor_ops")
IMPORT_DANGEROUS("torch.fx.experimental")
