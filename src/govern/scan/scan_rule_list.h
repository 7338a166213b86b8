/* The rules of a scan: symbol, id, and what can be done about a finding.
 * SPDX-License-Identifier: Apache-2.0 */
SCAN_RULE(PICKLE, "scan.pickle",
          "nothing has to be done; safetensors would hold the same without code")
SCAN_RULE(PICKLE_IMPORT, "scan.pickle-import",
          "use the model's safetensors or GGUF files; or read what the import does, and approve")
SCAN_RULE(PICKLE_CALL, "scan.pickle-call",
          "do not load this file anywhere; use the model's safetensors or GGUF files")
SCAN_RULE(PICKLE_DAMAGED, "scan.pickle-damaged",
          "fetch the file again and compare its digest with the publisher's; or remove it")
SCAN_RULE(PICKLE_TRAILING, "scan.pickle-trailing",
          "find out what wrote the bytes behind the pickle; or use safetensors files")
SCAN_RULE(ARCHIVE, "scan.archive", "unpack it in a safe place, and scan what comes out")
SCAN_RULE(ARCHIVE_TWO_WAYS, "scan.archive-two-ways",
          "do not load this file: tools disagree about what it holds")
SCAN_RULE(ARCHIVE_NAME, "scan.archive-name",
          "do not unpack it: files would land outside of the folder")
SCAN_RULE(TORCHSCRIPT, "scan.torchscript",
          "use the model's safetensors or GGUF files; or read the program, and approve")
SCAN_RULE(PYTHON, "scan.python",
          "remove it if nothing needs it; else read it before another tool runs it, and approve")
SCAN_RULE(REMOTE_CODE, "scan.remote-code",
          "Hearth never runs it; other tools would: keep trust_remote_code off there, and approve")
SCAN_RULE(SETTINGS_CALL, "scan.settings-call",
          "give this file to no tool that builds objects from it; remove it, or approve")
SCAN_RULE(SCRIPT, "scan.script", "remove it: a model needs no script; or read it, and approve")
SCAN_RULE(PROGRAM, "scan.program", "remove it: a model needs no program")
SCAN_RULE(KERAS_CODE, "scan.keras-code",
          "do not load it with Keras; use the model's safetensors or GGUF files")
SCAN_RULE(
    GRAPH, "scan.graph",
    "use the model's safetensors or GGUF files; or look at the graph's operations, and approve")
SCAN_RULE(TEMPLATE_ESCAPE, "scan.template-escape",
          "do not use this template; take the one that the model's first publisher wrote")
SCAN_RULE(TEMPLATE_LOAD, "scan.template-load", "take a template that stands alone; or approve")
SCAN_RULE(TEMPLATE_CONDITION, "scan.template-condition",
          "read the lines around it: the prompt changes with the date or with words; then approve")
SCAN_RULE(TEMPLATE_TEXT, "scan.template-text",
          "read the text that the template adds to every prompt; then approve")
SCAN_RULE(HIDDEN_TAGS, "scan.hidden-tags", "remove the characters; they spell what the quote shows")
SCAN_RULE(HIDDEN_BIDI, "scan.hidden-bidi",
          "remove the characters: what is seen is not the order in which it is read")
SCAN_RULE(HIDDEN_ZERO_WIDTH, "scan.hidden-zero-width", "remove the characters: nobody sees them")
SCAN_RULE(HIDDEN_LOOKALIKE, "scan.hidden-lookalike",
          "find out who wrote it: people read another word than programs")
SCAN_RULE(HIDDEN_SELECTORS, "scan.hidden-selectors", "remove the characters: they can carry bytes")
SCAN_RULE(TEXT_CONTROL, "scan.text-control", "remove the control bytes: terminals obey them")
SCAN_RULE(NAME_LIES, "scan.name-lies", "find out where the file comes from; do not load it")
SCAN_RULE(UNREADABLE, "scan.unreadable",
          "look at the file by hand, or fetch it again; or remove it if nothing needs it")
SCAN_RULE(EXECUTABLE_BIT, "scan.executable-bit", "chmod a-x, if that bit has no use")
SCAN_RULE(LIMIT, "scan.limit",
          "look at the file by hand: it is larger than what is read of such files")
SCAN_RULE(MORE, "scan.more", "mend what is listed, and scan again")
