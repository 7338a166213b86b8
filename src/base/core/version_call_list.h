/* How a library is asked for its version: its name, the symbol, how that is called.
 * SPDX-License-Identifier: Apache-2.0
 *
 * PLAIN takes nothing, NOTHING_NEWER takes a version that it must be at least (NULL: none), OPENSSL takes the number
 * of what is asked for. All return a static text. */
VERSION_CALL("libc", "gnu_get_libc_version", PLAIN)
VERSION_CALL("libcrypto", "OpenSSL_version", OPENSSL)
VERSION_CALL("libcurl", "curl_version", PLAIN)
VERSION_CALL("libgnutls", "gnutls_check_version", NOTHING_NEWER)
VERSION_CALL("libidn2", "idn2_check_version", NOTHING_NEWER)
VERSION_CALL("libjansson", "jansson_version_str", PLAIN)
VERSION_CALL("libmicrohttpd", "MHD_get_version", PLAIN)
VERSION_CALL("libsqlite3", "sqlite3_libversion", PLAIN)
VERSION_CALL("libssl", "OpenSSL_version", OPENSSL)
VERSION_CALL("libtasn1", "asn1_check_version", NOTHING_NEWER)
VERSION_CALL("libutf8proc", "utf8proc_version", PLAIN)
VERSION_CALL("libyaml-0", "yaml_get_version_string", PLAIN)
VERSION_CALL("libz", "zlibVersion", PLAIN)
