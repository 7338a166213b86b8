/* Components of the Model Openness Framework: symbol, name, class, kind.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The class is the first that asks for it, 0 where none does; the kind says whose licence counts.
 * After the framework's own list as its evaluation tool has it (lfai/model_openness_tool,
 * mof.settings.yml). */
COMPONENT(ARCHITECTURE,   "model architecture",      3, CODE)
COMPONENT(PARAMETERS,     "final parameters",        3, DATA)
COMPONENT(RESULTS,        "evaluation results",      3, DOCUMENT)
COMPONENT(MODEL_CARD,     "model card",              3, DOCUMENT)
COMPONENT(DATA_CARD,      "data card",               3, DOCUMENT)
COMPONENT(REPORT,         "technical report",        3, DOCUMENT)
COMPONENT(TRAINING_CODE,  "training code",           2, CODE)
COMPONENT(INFERENCE_CODE, "inference code",          2, CODE)
COMPONENT(EVALUATION_CODE, "evaluation code",        2, CODE)
COMPONENT(EVALUATION_DATA, "evaluation data",        2, DATA)
COMPONENT(DATASETS,       "datasets",                1, DATA)
COMPONENT(PREPROCESSING,  "data preprocessing code", 1, CODE)
COMPONENT(INTERMEDIATE,   "intermediate parameters", 1, DATA)
COMPONENT(PAPER,          "research paper",          1, DOCUMENT)
COMPONENT(LIBRARIES,      "supporting libraries",    0, CODE)
COMPONENT(SAMPLES,        "sample outputs",          0, DOCUMENT)
COMPONENT(METADATA,       "model metadata",          0, DOCUMENT)
