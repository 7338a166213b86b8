/* What advice does not know, whatever was asked.
 * SPDX-License-Identifier: Apache-2.0 */
UNKNOWN("how well any of these does your job: nothing was measured, and public benchmarks are not "
        "in the "
        "catalogue; the evaluation plan is how to find out")
UNKNOWN("releases after " CATALOGUE_UP_TO
        ", and changes of a licence since: the files of the revision that you "
        "add decide, `hearth licence` and `hearth check` read them")
UNKNOWN("which quantized files exist, who made them and what licence they claim: a re-upload is "
        "another model, "
        "and is judged by itself")
UNKNOWN("how fast this machine is: times assume 50 GFLOP/s a core, which `hearth debug bench` "
        "replaces by a "
        "measurement")
UNKNOWN("the exact memory: the reserve stands for vocabularies, wider formats and work, and was "
        "chosen to be too large rather than too small; "
        "`hearth plan MODEL` adds it all up before anything is loaded")
UNKNOWN("what a model was trained on, beyond what its vendor says")
