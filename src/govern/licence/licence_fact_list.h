/* The facts, one row a text. FACT(...) and FAMILY(...) take the members of struct licence_facts.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `source`: "text" where the licence text itself was read; otherwise what was read instead. */

/* Terms that are plain: no limits on use. */
FACT(.id = "Apache-2.0", .name = "Apache License 2.0", .share = SHARE_COPY | SHARE_MARK | SHARE_KEEP,
     .patent = PATENT_GRANTED, .ends = END_PATENT_SUIT, .open = true, .source = "text",
     .as_of = "2004-01-01")
FACT(.id = "MIT", .name = "MIT License", .share = SHARE_KEEP, .patent = PATENT_SILENT, .open = true,
     .source = "text", .as_of = "1988-01-01")
FACT(.id = "MIT-0", .name = "MIT No Attribution", .patent = PATENT_SILENT, .open = true, .source = "text",
     .as_of = "2018-01-01")
FACT(.id = "BSD-2-Clause", .name = "BSD 2-Clause License", .share = SHARE_KEEP, .patent = PATENT_SILENT,
     .open = true, .source = "text", .as_of = "1999-01-01")
FACT(.id = "BSD-3-Clause", .name = "BSD 3-Clause License", .share = SHARE_KEEP, .patent = PATENT_SILENT,
     .use_policy = "no endorsement in the holders' names", .open = true, .source = "text",
     .as_of = "1999-01-01")
FACT(.id = "ISC", .name = "ISC License", .share = SHARE_KEEP, .patent = PATENT_SILENT, .open = true,
     .source = "text", .as_of = "1995-01-01")
FACT(.id = "0BSD", .name = "BSD Zero Clause License", .patent = PATENT_SILENT, .open = true, .source = "text",
     .as_of = "2006-01-01")
FACT(.id = "Zlib", .name = "zlib License", .share = SHARE_KEEP | SHARE_MARK, .patent = PATENT_SILENT,
     .open = true, .source = "text", .as_of = "1995-01-01")
FACT(.id = "BSL-1.0", .name = "Boost Software License 1.0", .share = SHARE_KEEP, .patent = PATENT_SILENT,
     .open = true, .source = "text", .as_of = "2003-08-17")
FACT(.id = "Unlicense", .name = "The Unlicense", .patent = PATENT_SILENT, .open = true, .source = "text",
     .as_of = "2010-01-01")
FACT(.id = "OpenMDW-1.0", .name = "OpenMDW License Agreement 1.0", .share = SHARE_COPY | SHARE_KEEP,
     .patent = PATENT_GRANTED, .ends = END_PATENT_SUIT, .open = true, .source = "text", .as_of = "2025-05-01")
FACT(.id = "OpenMDW-1.1", .name = "OpenMDW License Agreement 1.1", .share = SHARE_COPY | SHARE_KEEP,
     .patent = PATENT_GRANTED, .ends = END_PATENT_SUIT | END_LITIGATION, .open = true, .source = "text",
     .as_of = "2026-01-01")
FACT(.id = "CC0-1.0", .name = "CC0 1.0 Universal", .patent = PATENT_NONE, .open = true, .source = "text",
     .as_of = "2009-03-11")
FACT(.id = "CC-BY-4.0", .name = "Creative Commons Attribution 4.0", .share = SHARE_KEEP | SHARE_MARK,
     .patent = PATENT_NONE, .ends = END_BREACH, .open = true, .source = "text", .as_of = "2013-11-25")
FACT(.id = "CC-BY-SA-4.0", .name = "Creative Commons Attribution-ShareAlike 4.0",
     .share = SHARE_KEEP | SHARE_MARK | SHARE_ALIKE, .patent = PATENT_NONE, .ends = END_BREACH, .open = true,
     .source = "text", .as_of = "2013-11-25")
FACT(.id = "MPL-2.0", .name = "Mozilla Public License 2.0", .share = SHARE_KEEP | SHARE_SOURCE,
     .patent = PATENT_GRANTED, .ends = END_BREACH | END_PATENT_SUIT, .open = true, .source = "text",
     .as_of = "2012-01-03")
FACT(.id = "GPL-2.0-only", .name = "GNU General Public License 2.0",
     .share = SHARE_COPY | SHARE_MARK | SHARE_SOURCE | SHARE_ALIKE, .patent = PATENT_SILENT,
     .ends = END_BREACH, .open = true, .source = "text", .as_of = "1991-06-01")
FACT(.id = "GPL-3.0-only", .name = "GNU General Public License 3.0",
     .share = SHARE_COPY | SHARE_MARK | SHARE_SOURCE | SHARE_ALIKE, .patent = PATENT_GRANTED,
     .ends = END_BREACH, .open = true, .source = "text", .as_of = "2007-06-29")
FACT(.id = "AGPL-3.0-only", .name = "GNU Affero General Public License 3.0",
     .share = SHARE_COPY | SHARE_MARK | SHARE_SOURCE | SHARE_ALIKE, .patent = PATENT_GRANTED,
     .ends = END_BREACH, .use_policy = "users over a network must be offered the source", .open = true,
     .source = "text", .as_of = "2007-11-19")

/* Creative Commons with limits. */
FACT(.id = "CC-BY-NC-4.0", .name = "Creative Commons Attribution-NonCommercial 4.0",
     .commercial = COMMERCIAL_NO, .share = SHARE_KEEP | SHARE_MARK, .patent = PATENT_NONE, .ends = END_BREACH,
     .source = "text", .as_of = "2013-11-25")
FACT(.id = "CC-BY-NC-SA-4.0", .name = "Creative Commons Attribution-NonCommercial-ShareAlike 4.0",
     .commercial = COMMERCIAL_NO, .share = SHARE_KEEP | SHARE_MARK | SHARE_ALIKE, .patent = PATENT_NONE,
     .ends = END_BREACH, .source = "text", .as_of = "2013-11-25")
FACT(.id = "CC-BY-NC-ND-4.0", .name = "Creative Commons Attribution-NonCommercial-NoDerivatives 4.0",
     .commercial = COMMERCIAL_NO, .share = SHARE_KEEP | SHARE_FORBIDDEN, .patent = PATENT_NONE,
     .ends = END_BREACH, .source = "text", .as_of = "2013-11-25")
FACT(.id = "CC-BY-ND-4.0", .name = "Creative Commons Attribution-NoDerivatives 4.0",
     .share = SHARE_KEEP | SHARE_FORBIDDEN, .patent = PATENT_NONE, .ends = END_BREACH, .source = "text",
     .as_of = "2013-11-25")

/* Their other versions and national ports: FAMILY(beginning of the identifier, ...). */
FAMILY(.id = "CC-BY-NC-ND", .name = "Creative Commons Attribution-NonCommercial-NoDerivatives, another version",
     .commercial = COMMERCIAL_NO, .share = SHARE_KEEP | SHARE_FORBIDDEN, .patent = PATENT_UNKNOWN,
     .ends = END_BREACH, .trust = TRUST_PARTLY, .doubt = "versions differ in detail", .source = "version 4.0",
     .as_of = "2026-11-01")
FAMILY(.id = "CC-BY-NC", .name = "Creative Commons Attribution-NonCommercial, another version",
     .commercial = COMMERCIAL_NO, .share = SHARE_KEEP | SHARE_MARK | SHARE_UNKNOWN, .patent = PATENT_UNKNOWN,
     .ends = END_BREACH, .trust = TRUST_PARTLY, .doubt = "versions differ in detail", .source = "version 4.0",
     .as_of = "2026-11-01")
FAMILY(.id = "CC-BY-ND", .name = "Creative Commons Attribution-NoDerivatives, another version",
     .share = SHARE_KEEP | SHARE_FORBIDDEN, .patent = PATENT_UNKNOWN, .ends = END_BREACH,
     .trust = TRUST_PARTLY, .doubt = "versions differ in detail", .source = "version 4.0",
     .as_of = "2026-11-01")
FAMILY(.id = "CC-BY", .name = "Creative Commons Attribution, another version",
     .share = SHARE_KEEP | SHARE_MARK | SHARE_UNKNOWN, .patent = PATENT_UNKNOWN, .ends = END_BREACH,
     .trust = TRUST_PARTLY, .doubt = "versions differ in detail", .source = "version 4.0",
     .as_of = "2026-11-01")

/* MIT and one paragraph more. */
FACT(.id = "kimi-k2", .name = "Modified MIT License (Kimi K2)", .commercial = COMMERCIAL_CONDITIONAL,
     .conditions_commercial_only = true, .users_month_max = 100000000, .revenue_month_usd_max = 20000000,
     .beyond = BEYOND_DISPLAY, .display = "Kimi K2", .share = SHARE_KEEP, .patent = PATENT_SILENT,
     .source = "text", .as_of = "2025-07-11")
FACT(.id = "kimi-k2.5", .name = "Modified MIT License (Kimi K2.5)", .commercial = COMMERCIAL_CONDITIONAL,
     .conditions_commercial_only = true, .users_month_max = 100000000, .revenue_month_usd_max = 20000000,
     .beyond = BEYOND_DISPLAY, .display = "Kimi K2.5", .share = SHARE_KEEP, .patent = PATENT_SILENT,
     .source = "text", .as_of = "2026-01-01")
FACT(.id = "kimi-k3", .name = "Kimi K3 License", .commercial = COMMERCIAL_CONDITIONAL,
     .conditions_commercial_only = true, .users_month_max = 100000000, .revenue_month_usd_max = 20000000,
     .beyond = BEYOND_DISPLAY, .display = "Kimi K3", .service_revenue_usd_max = 20000000,
     .request = "Moonshot AI (license@moonshot.ai)", .share = SHARE_KEEP, .use_policy = "law",
     .patent = PATENT_SILENT, .source = "text, from a public copy of it", .as_of = "2026-07-27")
FACT(.id = "qwen-community-1.0", .name = "Qwen Community License 1.0", .commercial = COMMERCIAL_CONDITIONAL,
     .conditions_commercial_only = true, .users_month_max = 100000000, .revenue_month_usd_max = 20000000,
     .beyond = BEYOND_DISPLAY, .display = "the model's name", .service_revenue_usd_max = 1,
     .request = "Qwen (model-business@notice.qwencloud.com)", .share = SHARE_KEEP,
     .use_policy = "law, and the intellectual property of others; products for coding or office work count "
                   "as a service of models",
     .patent = PATENT_SILENT, .source = "text", .as_of = "2026-08-24")
FACT(.id = "qwen3.8-max", .name = "Qwen3.8-Max License", .commercial = COMMERCIAL_CONDITIONAL,
     .conditions_commercial_only = true, .users_month_max = 100000000, .revenue_month_usd_max = 20000000,
     .beyond = BEYOND_DISPLAY, .display = "the model's name", .service_revenue_usd_max = 50000000,
     .request = "Qwen (model-business@notice.qwencloud.com)", .share = SHARE_KEEP,
     .use_policy = "law, and the intellectual property of others; products for coding or office work count "
                   "as a service of models",
     .patent = PATENT_SILENT, .source = "text, from a public copy of it", .as_of = "2026-08-12")
FACT(.id = "glm-5.3", .name = "GLM-5.3 License", .commercial = COMMERCIAL_CONDITIONAL,
     .conditions_commercial_only = true, .service_revenue_usd_max = 10000000000,
     .request = "Z.AI, for its security review (glmlicense@z.ai)", .share = SHARE_KEEP, .use_policy = "law",
     .patent = PATENT_SILENT, .source = "text, from a public copy of it", .as_of = "2026-08-25")
FACT(.id = "minimax-m2", .name = "MIT License with display duty (MiniMax M2)",
     .commercial = COMMERCIAL_CONDITIONAL, .conditions_commercial_only = true, .users_month_max = 100000000,
     .revenue_year_usd_max = 30000000, .beyond = BEYOND_DISPLAY, .display = "MiniMax M2", .share = SHARE_KEEP,
     .patent = PATENT_SILENT, .source = "text", .as_of = "2025-10-27")
FACT(.id = "minimax-m2.5-code", .name = "MIT License with display duty (MiniMax M2.5, code)",
     .commercial = COMMERCIAL_CONDITIONAL, .conditions_commercial_only = true, .beyond = BEYOND_DISPLAY,
     .display = "MiniMax M2.5", .share = SHARE_KEEP, .patent = PATENT_SILENT, .source = "text",
     .as_of = "2026-02-13")
FACT(.id = "minimax-m2.7-nc", .name = "Non-Commercial License (MiniMax M2.7)", .commercial = COMMERCIAL_NO,
     .request = "api@minimax.io, subject \"M2.7 licensing\"", .display = "Built with MiniMax M2.7", .share = SHARE_KEEP, .patent = PATENT_SILENT,
     .use_policy = "no military purpose, harm to minors, disinformation, discrimination", .source = "text",
     .as_of = "2026-01-01")
FACT(.id = "devstral-2", .name = "Modified MIT License (Devstral 2)", .commercial = COMMERCIAL_CONDITIONAL,
     .revenue_month_usd_max = 20000000, .beyond = BEYOND_NO_RIGHTS, .share = SHARE_KEEP,
     .outputs = OUTPUT_UNKNOWN, .patent = PATENT_UNKNOWN, .trust = TRUST_SECOND_HAND,
     .doubt = "the text was not read", .source = "reports", .as_of = "2026-11-01")

/* Apache and something more. */
FACT(.id = "internlm", .name = "Apache License 2.0 with an added disclaimer (InternLM)",
     .share = SHARE_COPY | SHARE_MARK | SHARE_KEEP, .patent = PATENT_GRANTED, .ends = END_PATENT_SUIT,
     .source = "text", .as_of = "2023-07-06")
FACT(.id = "hunyuan-hy3-2026", .name = "Apache License 2.0 with a preamble (Tencent Hy3)",
     .share = SHARE_COPY | SHARE_MARK | SHARE_KEEP, .patent = PATENT_GRANTED, .ends = END_PATENT_SUIT,
     .source = "text", .as_of = "2026-01-01")
FACT(.id = "falcon-2-11b", .name = "Falcon 2 11B TII License 1.0",
     .share = SHARE_COPY | SHARE_MARK | SHARE_KEEP | SHARE_FLOW | SHARE_DISPLAY,
     .display = "is built using Falcon LLM technology from the Technology Innovation Institute",
     .outputs = OUTPUT_DERIVATIVE, .use_policy = "an acceptable use policy that the vendor may change",
     .patent = PATENT_GRANTED, .ends = END_PATENT_SUIT | END_TEXT_MAY_CHANGE, .source = "text",
     .as_of = "2024-05-13")

/* Qwen. */
FACT(.id = "tongyi-2023", .name = "Tongyi Qianwen License Agreement", .commercial = COMMERCIAL_CONDITIONAL,
     .conditions_commercial_only = true, .users_month_max = 100000000, .beyond = BEYOND_NO_RIGHTS,
     .request = "Alibaba Cloud", .share = SHARE_COPY | SHARE_MARK | SHARE_NOTICE,
     .notice = "Tongyi Qianwen is licensed under the Tongyi Qianwen LICENSE AGREEMENT, Copyright (c) Alibaba "
               "Cloud. All Rights Reserved.",
     .outputs = OUTPUT_NO_OTHER_LLM, .use_policy = "law and export control", .patent = PATENT_NONE,
     .ends = END_BREACH | END_LITIGATION, .law = "China, Hangzhou", .source = "text", .as_of = "2023-08-03")
FACT(.id = "tongyi-research", .name = "Tongyi Qianwen Research License Agreement", .commercial = COMMERCIAL_NO,
     .request = "Alibaba Cloud", .share = SHARE_COPY | SHARE_MARK | SHARE_NOTICE,
     .notice = "Tongyi Qianwen is licensed under the Tongyi Qianwen RESEARCH LICENSE AGREEMENT, Copyright (c) "
               "Alibaba Cloud. All Rights Reserved.",
     .outputs = OUTPUT_NO_OTHER_LLM, .use_policy = "law and export control", .patent = PATENT_NONE,
     .ends = END_BREACH | END_LITIGATION, .law = "China, Hangzhou", .source = "text", .as_of = "2023-11-30")
FACT(.id = "qwen-2024", .name = "Qwen License Agreement", .commercial = COMMERCIAL_CONDITIONAL,
     .conditions_commercial_only = true, .users_month_max = 100000000, .beyond = BEYOND_NO_RIGHTS,
     .request = "Alibaba Cloud", .share = SHARE_COPY | SHARE_MARK | SHARE_NOTICE,
     .notice = "Qwen is licensed under the Qwen LICENSE AGREEMENT, Copyright (c) Alibaba Cloud. All Rights "
               "Reserved.",
     .display = "Built with Qwen", .outputs = OUTPUT_DISPLAY, .use_policy = "law and export control",
     .patent = PATENT_NONE, .ends = END_BREACH | END_LITIGATION, .law = "China, Hangzhou", .source = "text",
     .as_of = "2024-09-19")
FACT(.id = "qwen-research-2024", .name = "Qwen Research License Agreement", .commercial = COMMERCIAL_NO,
     .request = "Alibaba Cloud", .share = SHARE_COPY | SHARE_MARK | SHARE_NOTICE, .display = "Built with Qwen",
     .outputs = OUTPUT_DISPLAY, .use_policy = "law", .patent = PATENT_NONE,
     .ends = END_BREACH | END_LITIGATION, .law = "China", .trust = TRUST_SECOND_HAND,
     .doubt = "the text was not read", .source = "reports", .as_of = "2024-09-19")
FACT(.id = "qwen-research-2026", .name = "Qwen Research License Agreement of 2026", .commercial = COMMERCIAL_NO,
     .request = "Qwen (model-business@notice.qwencloud.com)",
     .share = SHARE_COPY | SHARE_NOTICE | SHARE_NAME | SHARE_UNKNOWN,
     .notice = "Qwen is licensed under the Qwen RESEARCH LICENSE AGREEMENT, Copyright (c) 2026 Hangzhou Tongyi "
               "Laboratory Technology Co., Ltd. All Rights Reserved.",
     .outputs = OUTPUT_UNKNOWN, .use_policy = "research or evaluation only", .patent = PATENT_UNKNOWN,
     .trust = TRUST_SECOND_HAND, .doubt = "the text was not read", .source = "cards of models under it",
     .as_of = "2026-09-20")

/* DeepSeek. */
FACT(.id = "deepseek-model-1.0", .name = "DeepSeek License Agreement 1.0",
     .share = SHARE_COPY | SHARE_MARK | SHARE_KEEP | SHARE_FLOW, .service_shares = true, .outputs = OUTPUT_DERIVATIVE,
     .use_policy = "no military use, no fully automated adverse decisions on rights, no harm to minors, no "
                   "personal data to harm, no discrimination (Attachment A)",
     .patent = PATENT_GRANTED, .ends = END_PATENT_SUIT | END_REMOTE, .law = "PRC, Hangzhou", .source = "text",
     .as_of = "2023-10-23")

/* Baichuan, Yi, Orion, GLM, Skywork and others of 2023 and 2024. */
FACT(.id = "baichuan2-community", .name = "Community License for Baichuan2 Model",
     .commercial = COMMERCIAL_CONDITIONAL, .conditions_commercial_only = true, .users_day_max = 1000000,
     .beyond = BEYOND_NO_RIGHTS, .registration = "by e-mail to opensource@baichuan-inc.com",
     .no_cloud_providers = true, .share = SHARE_FORBIDDEN | SHARE_UNKNOWN, .outputs = OUTPUT_UNKNOWN,
     .use_policy = "no harm to national security, no unlawful use, no unfiled internet service",
     .patent = PATENT_NONE, .ends = END_REVOCABLE, .law = "PRC", .trust = TRUST_SECOND_HAND,
     .doubt = "from the vendor's README; the text itself is a PDF that was not read",
     .source = "vendor's README", .as_of = "2023-09-06")
FACT(.id = "yi-2.1", .name = "Yi Series Models Community License Agreement 2.1",
     .commercial = COMMERCIAL_CONDITIONAL,
     .registration = "by sending the Registration Form of Attachment 1 to yi@01.ai",
     .share = SHARE_COPY | SHARE_MARK | SHARE_KEEP | SHARE_FLOW, .outputs = OUTPUT_DERIVATIVE,
     .use_policy = "law of the PRC and of the place of use, no military purpose", .patent = PATENT_NONE,
     .ends = END_BREACH | END_REVOCABLE | END_TEXT_MAY_CHANGE, .law = "PRC mainland, licensor's court",
     .source = "text", .as_of = "2023-11-23")
FACT(.id = "orion-14b", .name = "Orion-14B Series Models Community License Agreement",
     .commercial = COMMERCIAL_CONDITIONAL,
     .registration = "at the vendor's form https://test.orionstar.com/llm-license.html",
     .share = SHARE_COPY | SHARE_MARK | SHARE_KEEP | SHARE_FLOW, .outputs = OUTPUT_DERIVATIVE,
     .use_policy = "law of the PRC and of the place of use, no military purpose", .patent = PATENT_NONE,
     .ends = END_BREACH | END_REVOCABLE | END_TEXT_MAY_CHANGE, .law = "PRC mainland", .source = "text",
     .as_of = "2024-01-01")
FACT(.id = "chatglm-6b", .name = "The ChatGLM-6B License", .commercial = COMMERCIAL_SILENT, .share = SHARE_KEEP,
     .outputs = OUTPUT_SILENT, .use_policy = "no military or illegal purpose, no harm to national security",
     .patent = PATENT_NONE, .ends = END_REVOCABLE | END_TEXT_MAY_CHANGE, .law = "PRC, Haidian court", .source = "text",
     .as_of = "2023-03-14")
FACT(.id = "chatglm2-6b", .name = "The ChatGLM2-6B License", .commercial = COMMERCIAL_SILENT,
     .share = SHARE_KEEP, .outputs = OUTPUT_SILENT,
     .use_policy = "no military or illegal purpose, no harm to national security", .patent = PATENT_NONE,
     .ends = END_REVOCABLE | END_TEXT_MAY_CHANGE, .law = "PRC, Haidian court", .source = "text", .as_of = "2023-06-25")
FACT(.id = "chatglm3-6b", .name = "The ChatGLM3-6B License", .commercial = COMMERCIAL_CONDITIONAL,
     .registration = "at https://open.bigmodel.cn/mla/form", .share = SHARE_KEEP, .outputs = OUTPUT_SILENT,
     .use_policy = "no military or illegal purpose, no harm to national security, local ethics",
     .patent = PATENT_NONE, .ends = END_REVOCABLE | END_TEXT_MAY_CHANGE, .law = "PRC, Haidian court",
     .source = "text", .as_of = "2023-10-27")
FACT(.id = "glm-4-9b", .name = "The glm-4-9b License", .commercial = COMMERCIAL_CONDITIONAL,
     .registration = "at the vendor's form", .share = SHARE_UNKNOWN, .outputs = OUTPUT_UNKNOWN,
     .patent = PATENT_UNKNOWN, .law = "PRC", .trust = TRUST_SECOND_HAND, .doubt = "the text was not read",
     .source = "reports", .as_of = "2024-06-05")
FACT(.id = "skywork-community", .name = "Skywork Community License",
     .share = SHARE_COPY | SHARE_MARK | SHARE_DISPLAY, .display = "Skywork Inside", .outputs = OUTPUT_DERIVATIVE,
     .use_policy = "no military or unlawful purpose, personal data law of the PRC", .patent = PATENT_NONE,
     .ends = END_REVOCABLE, .law = "PRC mainland", .trust = TRUST_PARTLY,
     .doubt = "the text is a PDF; its facts were taken from extracted text", .source = "PDF", .as_of = "2023-10-30")
FACT(.id = "skywork-declaration", .name = "Skywork declaration and reference to the Community License",
     .share = SHARE_UNKNOWN, .outputs = OUTPUT_UNKNOWN,
     .use_policy = "no harm to national or societal security, no unlawful use, no internet service without "
                   "security review and filing",
     .patent = PATENT_UNKNOWN, .companion = true, .belongs_to = "skywork-community", .source = "text",
     .as_of = "2023-10-30")
FACT(.id = "xverse", .name = "XVERSE Model License Agreement", .commercial = COMMERCIAL_CONDITIONAL,
     .registration = "with the vendor, and get a written licence", .no_persons = true,
     .share = SHARE_COPY | SHARE_MARK | SHARE_NOTICE, .outputs = OUTPUT_DERIVATIVE,
     .use_policy = "no military or unlawful purpose", .patent = PATENT_NONE,
     .ends = END_REVOCABLE | END_TEXT_MAY_CHANGE, .law = "PRC mainland", .trust = TRUST_PARTLY,
     .doubt = "the text is a PDF; its facts were taken from extracted text", .source = "PDF", .as_of = "2023-11-01")
FACT(.id = "telechat", .name = "TeleChat Model Community License Agreement",
     .commercial = COMMERCIAL_CONDITIONAL, .registration = "by e-mail to tele_ai@chinatelecom.cn",
     .share = SHARE_UNKNOWN, .outputs = OUTPUT_UNKNOWN, .use_policy = "no unfiled internet service",
     .patent = PATENT_NONE, .ends = END_REVOCABLE, .law = "PRC", .trust = TRUST_SECOND_HAND,
     .doubt = "from the vendor's README", .source = "vendor's README", .as_of = "2024-01-01")
FACT(.id = "openatom-model-1.0", .name = "OpenAtom Model License 1.0",
     .share = SHARE_COPY | SHARE_MARK | SHARE_KEEP, .outputs = OUTPUT_DERIVATIVE, .use_policy = "lawful use", .patent = PATENT_GRANTED,
     .ends = END_BREACH, .law = "PRC; the Chinese text prevails", .source = "text", .as_of = "2024-01-01")

/* MiniMax, Hunyuan, openPangu. */
FACT(.id = "minimax-model", .name = "MiniMax Model License",
     .share = SHARE_COPY | SHARE_MARK | SHARE_NOTICE,
     .notice = "MiniMax AI model is licensed under the MiniMax Model License, Copyright (c) MiniMax. All Rights "
               "Reserved.",
     .use_policy = "no military purpose, no fully automated adverse decisions, no harm to minors, no "
                   "discrimination",
     .patent = PATENT_NONE, .ends = END_BREACH | END_LITIGATION, .law = "Singapore, SIAC arbitration",
     .source = "text", .as_of = "2025-01-15")
FACT(.id = "hunyuan-large-2024", .name = "Tencent Hunyuan Community License Agreement (2024)",
     .commercial = COMMERCIAL_CONDITIONAL, .users_month_max = 100000000, .beyond = BEYOND_NO_RIGHTS,
     .request = "Tencent", .not_in = "EU", .share = SHARE_COPY | SHARE_MARK | SHARE_NOTICE | SHARE_FLOW, .service_shares = true,
     .notice = "Tencent Hunyuan is licensed under the Tencent Hunyuan Community License Agreement, Copyright "
               "(c) 2024 Tencent. All Rights Reserved. The trademark rights of \"Tencent Hunyuan\" are owned by "
               "Tencent or its affiliate.",
     .outputs = OUTPUT_NO_OTHER_LLM,
     .use_policy = "no military use, no high-stakes automated decisions, and more (Exhibit A)",
     .patent = PATENT_NONE, .ends = END_BREACH | END_LITIGATION | END_TEXT_MAY_CHANGE, .law = "Hong Kong",
     .source = "text", .as_of = "2024-11-05")
FACT(.id = "hunyuan-a13b-2025", .name = "Tencent Hunyuan Community License Agreement (2025)",
     .commercial = COMMERCIAL_CONDITIONAL, .users_month_max = 100000000, .beyond = BEYOND_NO_RIGHTS,
     .request = "Tencent", .not_in = "EU GB KR", .share = SHARE_COPY | SHARE_MARK | SHARE_NOTICE | SHARE_FLOW, .service_shares = true,
     .notice = "Tencent Hunyuan is licensed under the Tencent Hunyuan Community License Agreement, Copyright "
               "(c) 2025 Tencent. All Rights Reserved. The trademark rights of \"Tencent Hunyuan\" are owned by "
               "Tencent or its affiliate.",
     .outputs = OUTPUT_NO_OTHER_AI,
     .use_policy = "no military use, no high-stakes automated decisions, and more (Exhibit A)",
     .patent = PATENT_NONE, .ends = END_BREACH | END_LITIGATION | END_TEXT_MAY_CHANGE, .law = "Hong Kong",
     .source = "text", .as_of = "2025-06-27")
FACT(.id = "hunyuan-3d-2.0", .name = "Tencent Hunyuan 3D 2.0 Community License Agreement",
     .commercial = COMMERCIAL_CONDITIONAL, .users_month_max = 1000000, .beyond = BEYOND_NO_RIGHTS,
     .request = "Tencent", .not_in = "EU GB KR", .share = SHARE_COPY | SHARE_MARK | SHARE_NOTICE | SHARE_FLOW, .service_shares = true,
     .outputs = OUTPUT_NO_OTHER_AI, .use_policy = "no military use and more (Exhibit A)", .patent = PATENT_NONE,
     .ends = END_BREACH | END_LITIGATION | END_TEXT_MAY_CHANGE, .law = "Hong Kong", .source = "text",
     .as_of = "2025-01-21")
FACT(.id = "openpangu-1.0", .name = "openPangu Model License Agreement 1.0",
     .commercial = COMMERCIAL_CONDITIONAL, .not_in = "EU", .share = SHARE_COPY | SHARE_KEEP | SHARE_DISPLAY,
     .display = "Powered by openPangu",
     .use_policy = "you indemnify the vendor, also against supervisory authorities", .patent = PATENT_SILENT,
     .source = "text", .as_of = "2025-06-30")

/* Llama. */
FACT(.id = "llama1-nc", .name = "LLaMA License Agreement (2023-02-24)", .commercial = COMMERCIAL_NO,
     .request = "Meta", .share = SHARE_FORBIDDEN | SHARE_COPY, .outputs = OUTPUT_RESEARCH_ONLY,
     .use_policy = "research only", .patent = PATENT_NONE, .ends = END_BREACH | END_LITIGATION | END_REVOCABLE,
     .law = "California", .source = "text", .as_of = "2023-02-24")
FACT(.id = "llama2", .name = "Llama 2 Community License Agreement", .commercial = COMMERCIAL_CONDITIONAL,
     .users_month_max = 700000000, .beyond = BEYOND_NO_RIGHTS, .request = "Meta",
     .share = SHARE_COPY | SHARE_NOTICE,
     .notice = "Llama 2 is licensed under the LLAMA 2 Community License, Copyright (c) Meta Platforms, Inc. All "
               "Rights Reserved.",
     .outputs = OUTPUT_NO_OTHER_LLM, .use_policy = "Acceptable Use Policy", .patent = PATENT_NONE,
     .ends = END_BREACH | END_LITIGATION, .law = "California", .source = "text", .as_of = "2023-07-18")
FACT(.id = "llama3", .name = "Meta Llama 3 Community License Agreement", .commercial = COMMERCIAL_CONDITIONAL,
     .users_month_max = 700000000, .beyond = BEYOND_NO_RIGHTS, .request = "Meta",
     .share = SHARE_COPY | SHARE_NOTICE | SHARE_DISPLAY | SHARE_NAME, .service_shares = true,
     .notice = "Meta Llama 3 is licensed under the Meta Llama 3 Community License, Copyright (c) Meta "
               "Platforms, Inc. All Rights Reserved.",
     .display = "Built with Meta Llama 3", .name_prefix = "Llama 3", .outputs = OUTPUT_NO_OTHER_LLM,
     .use_policy = "Acceptable Use Policy", .patent = PATENT_NONE, .ends = END_BREACH | END_LITIGATION,
     .law = "California", .source = "text", .as_of = "2024-04-18")
FACT(.id = "llama3.1", .name = "Llama 3.1 Community License Agreement", .commercial = COMMERCIAL_CONDITIONAL,
     .users_month_max = 700000000, .beyond = BEYOND_NO_RIGHTS, .request = "Meta",
     .share = SHARE_COPY | SHARE_NOTICE | SHARE_DISPLAY | SHARE_NAME, .service_shares = true,
     .notice = "Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright (c) Meta Platforms, Inc. "
               "All Rights Reserved.",
     .display = "Built with Llama", .name_prefix = "Llama", .outputs = OUTPUT_DISPLAY,
     .use_policy = "Acceptable Use Policy", .patent = PATENT_NONE, .ends = END_BREACH | END_LITIGATION,
     .law = "California", .source = "text", .as_of = "2024-07-23")
FACT(.id = "llama3.2", .name = "Llama 3.2 Community License Agreement", .commercial = COMMERCIAL_CONDITIONAL,
     .users_month_max = 700000000, .beyond = BEYOND_NO_RIGHTS, .request = "Meta", .not_multimodal_in = "EU",
     .share = SHARE_COPY | SHARE_NOTICE | SHARE_DISPLAY | SHARE_NAME, .service_shares = true,
     .notice = "Llama 3.2 is licensed under the Llama 3.2 Community License, Copyright (c) Meta Platforms, Inc. "
               "All Rights Reserved.",
     .display = "Built with Llama", .name_prefix = "Llama", .outputs = OUTPUT_DISPLAY,
     .use_policy = "Acceptable Use Policy", .patent = PATENT_NONE, .ends = END_BREACH | END_LITIGATION,
     .law = "California", .source = "text and use policy", .as_of = "2024-09-25")
FACT(.id = "llama3.3", .name = "Llama 3.3 Community License Agreement", .commercial = COMMERCIAL_CONDITIONAL,
     .users_month_max = 700000000, .beyond = BEYOND_NO_RIGHTS, .request = "Meta", .not_multimodal_in = "EU",
     .share = SHARE_COPY | SHARE_NOTICE | SHARE_DISPLAY | SHARE_NAME, .service_shares = true,
     .notice = "Llama 3.3 is licensed under the Llama 3.3 Community License, Copyright (c) Meta Platforms, Inc. "
               "All Rights Reserved.",
     .display = "Built with Llama", .name_prefix = "Llama", .outputs = OUTPUT_DISPLAY,
     .use_policy = "Acceptable Use Policy", .patent = PATENT_NONE, .ends = END_BREACH | END_LITIGATION,
     .law = "California", .source = "text and use policy", .as_of = "2024-12-06")
FACT(.id = "llama4", .name = "Llama 4 Community License Agreement", .commercial = COMMERCIAL_CONDITIONAL,
     .users_month_max = 700000000, .beyond = BEYOND_NO_RIGHTS, .request = "Meta", .not_multimodal_in = "EU",
     .share = SHARE_COPY | SHARE_NOTICE | SHARE_DISPLAY | SHARE_NAME, .service_shares = true,
     .notice = "Llama 4 is licensed under the Llama 4 Community License, Copyright (c) Meta Platforms, Inc. All "
               "Rights Reserved.",
     .display = "Built with Llama", .name_prefix = "Llama", .outputs = OUTPUT_DISPLAY,
     .use_policy = "Acceptable Use Policy", .patent = PATENT_NONE, .ends = END_BREACH | END_LITIGATION,
     .law = "California", .source = "text and use policy", .as_of = "2025-04-05")

/* Google, Mistral, NVIDIA, Stability and others. */
FACT(.id = "gemma-tou-2024-04-01", .name = "Gemma Terms of Use (2024-04-01)",
     .share = SHARE_COPY | SHARE_MARK | SHARE_NOTICE | SHARE_FLOW, .service_shares = true,
     .notice = "Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms",
     .outputs = OUTPUT_DERIVATIVE, .use_policy = "Prohibited Use Policy, by reference", .patent = PATENT_NONE,
     .ends = END_BREACH | END_REMOTE | END_TEXT_MAY_CHANGE, .law = "California", .source = "text",
     .as_of = "2024-04-01")
FACT(.id = "gemma-tou-2025-03-24", .name = "Gemma Terms of Use (2025-03-24)",
     .share = SHARE_COPY | SHARE_MARK | SHARE_NOTICE | SHARE_FLOW, .service_shares = true,
     .notice = "Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms",
     .outputs = OUTPUT_DERIVATIVE, .use_policy = "Prohibited Use Policy, by reference", .patent = PATENT_NONE,
     .ends = END_BREACH | END_REMOTE | END_TEXT_MAY_CHANGE, .law = "California", .source = "text",
     .as_of = "2025-03-24")
FACT(.id = "mistral-mrl-0.1", .name = "Mistral AI Research License 0.1", .commercial = COMMERCIAL_NO,
     .request = "Mistral AI", .no_companies = true, .share = SHARE_COPY | SHARE_NOTICE | SHARE_MARK,
     .outputs = OUTPUT_RESEARCH_ONLY, .use_policy = "research only, not even a proof of concept in a company",
     .patent = PATENT_NONE, .ends = END_BREACH | END_LITIGATION, .law = "France, Paris", .trust = TRUST_PARTLY,
     .doubt = "taken from a model card", .source = "model card", .as_of = "2024-07-24")
FACT(.id = "mistral-mnpl-0.1", .name = "Mistral AI Non-Production License 0.1", .commercial = COMMERCIAL_NO,
     .request = "Mistral AI", .share = SHARE_UNKNOWN, .outputs = OUTPUT_RESEARCH_ONLY,
     .use_policy = "tests and evaluation only", .patent = PATENT_NONE, .ends = END_BREACH,
     .law = "France, Paris", .trust = TRUST_SECOND_HAND, .doubt = "the text was not read", .source = "reports",
     .as_of = "2024-05-29")
FACT(.id = "bigscience-rail-1.0", .name = "BigScience RAIL License 1.0",
     .share = SHARE_COPY | SHARE_MARK | SHARE_KEEP | SHARE_FLOW, .service_shares = true, .outputs = OUTPUT_DERIVATIVE,
     .use_policy = "Attachment A", .patent = PATENT_GRANTED, .ends = END_PATENT_SUIT | END_REMOTE,
     .source = "text", .as_of = "2022-05-19")
FACT(.id = "bigscience-openrail-m", .name = "BigScience Open RAIL-M License",
     .share = SHARE_COPY | SHARE_MARK | SHARE_KEEP | SHARE_FLOW, .service_shares = true, .outputs = OUTPUT_DERIVATIVE,
     .use_policy = "Attachment A", .patent = PATENT_GRANTED, .ends = END_PATENT_SUIT | END_REMOTE,
     .source = "text", .as_of = "2022-08-18")
FACT(.id = "bigcode-openrail-m", .name = "BigCode Open RAIL-M v1 License",
     .share = SHARE_COPY | SHARE_MARK | SHARE_KEEP | SHARE_FLOW, .service_shares = true, .outputs = OUTPUT_DERIVATIVE,
     .use_policy = "Attachment A", .patent = PATENT_GRANTED, .ends = END_PATENT_SUIT | END_REMOTE, .source = "text",
     .as_of = "2023-05-04")
FACT(.id = "nvidia-open-model", .name = "NVIDIA Open Model License Agreement",
     .share = SHARE_COPY | SHARE_NOTICE,
     .notice = "Licensed by NVIDIA Corporation under the NVIDIA Open Model License",
     .use_policy = "Trustworthy AI terms; bypassing a guardrail ends the licence", .patent = PATENT_SILENT,
     .ends = END_BREACH | END_LITIGATION | END_REVOCABLE | END_TEXT_MAY_CHANGE, .law = "Delaware, Santa Clara", .source = "text",
     .as_of = "2025-04-28")
FACT(.id = "stability-community", .name = "Stability AI Community License Agreement",
     .commercial = COMMERCIAL_CONDITIONAL, .conditions_commercial_only = true, .revenue_year_usd_max = 1000000,
     .beyond = BEYOND_NO_RIGHTS, .registration = "at https://stability.ai/community-license",
     .request = "Stability AI", .share = SHARE_COPY | SHARE_NOTICE | SHARE_DISPLAY, .service_shares = true,
     .display = "Powered by Stability AI", .outputs = OUTPUT_NO_OTHER_AI, .use_policy = "Acceptable Use Policy",
     .patent = PATENT_NONE, .ends = END_BREACH | END_REVOCABLE, .source = "text", .as_of = "2024-07-05")
FACT(.id = "stability-nc-2023", .name = "Stability AI Non-Commercial Research Community License",
     .commercial = COMMERCIAL_NO, .request = "Stability AI", .share = SHARE_COPY | SHARE_NOTICE,
     .outputs = OUTPUT_UNKNOWN, .use_policy = "Acceptable Use Policy", .patent = PATENT_NONE,
     .ends = END_BREACH | END_LITIGATION | END_REVOCABLE, .trust = TRUST_PARTLY, .doubt = "the rule about outputs",
     .source = "text", .as_of = "2023-12-06")
FACT(.id = "exaone-1.1-nc", .name = "EXAONE AI Model License Agreement 1.1 - NC", .commercial = COMMERCIAL_NO,
     .request = "the licensor", .share = SHARE_COPY | SHARE_NAME, .name_prefix = "EXAONE",
     .outputs = OUTPUT_RESEARCH_ONLY, .use_policy = "research; ethics", .patent = PATENT_NONE,
     .ends = END_BREACH | END_REVOCABLE | END_TEXT_MAY_CHANGE, .law = "Korea, KCAB arbitration", .source = "text",
     .as_of = "2024-12-09")
FACT(.id = "bilibili-model-2025-09", .name = "bilibili Model Use License Agreement",
     .commercial = COMMERCIAL_CONDITIONAL, .users_month_max = 100000000,
     .revenue_year_usd_max = 130000000, .beyond = BEYOND_NO_RIGHTS, .request = "bilibili",
     .share = SHARE_COPY | SHARE_KEEP | SHARE_FLOW, .outputs = OUTPUT_NO_OTHER_AI, .use_policy = "no high-risk use",
     .patent = PATENT_NONE, .ends = END_BREACH | END_LITIGATION, .law = "PRC, Shanghai arbitration",
     .trust = TRUST_PARTLY, .doubt = "the income limit is 1 billion RMB; here at 7.7 RMB a dollar",
     .source = "text", .as_of = "2025-09-09")
FACT(.id = "lfm-1.0", .name = "LFM Open License 1.0", .commercial = COMMERCIAL_CONDITIONAL,
     .revenue_year_usd_max = 10000000, .beyond = BEYOND_NO_RIGHTS, .share = SHARE_UNKNOWN,
     .outputs = OUTPUT_UNKNOWN, .patent = PATENT_UNKNOWN, .trust = TRUST_SECOND_HAND,
     .doubt = "the text was not read", .source = "reports", .as_of = "2025-07-10")

/* A claim that names a kind of text rather than a text. */
FACT(.id = "modified-mit", .name = "a modified MIT License", .commercial = COMMERCIAL_CONDITIONAL,
     .share = SHARE_UNKNOWN, .outputs = OUTPUT_UNKNOWN, .patent = PATENT_UNKNOWN, .trust = TRUST_SECOND_HAND,
     .doubt = "every such text adds another paragraph", .source = "claim", .as_of = "2026-11-01")

/* Policies and notices: they belong to a licence and grant nothing themselves. */
FACT(.id = "llama2-use-policy", .name = "Llama 2 Acceptable Use Policy", .companion = true, .belongs_to = "llama2",
     .use_policy = "as listed", .source = "text", .as_of = "2023-07-18")
FACT(.id = "llama3-use-policy", .name = "Meta Llama 3 Acceptable Use Policy", .companion = true,
     .belongs_to = "llama3", .use_policy = "as listed", .source = "text", .as_of = "2024-04-18")
FACT(.id = "llama3.1-use-policy", .name = "Llama 3.1 Acceptable Use Policy", .companion = true,
     .belongs_to = "llama3.1", .use_policy = "as listed", .source = "text", .as_of = "2024-07-23")
FACT(.id = "llama3.2-use-policy", .name = "Llama 3.2 Acceptable Use Policy", .companion = true,
     .belongs_to = "llama3.2", .not_multimodal_in = "EU", .use_policy = "as listed", .source = "text",
     .as_of = "2024-09-25")
FACT(.id = "llama3.3-use-policy", .name = "Llama 3.3 Acceptable Use Policy", .companion = true,
     .belongs_to = "llama3.3", .not_multimodal_in = "EU", .use_policy = "as listed", .source = "text",
     .as_of = "2024-12-06")
FACT(.id = "llama4-use-policy", .name = "Llama 4 Acceptable Use Policy", .companion = true, .belongs_to = "llama4",
     .not_multimodal_in = "EU", .use_policy = "as listed", .source = "text", .as_of = "2025-04-05")
FACT(.id = "gpt-oss-usage-policy", .name = "gpt-oss usage policy", .companion = true, .belongs_to = "Apache-2.0",
     .use_policy = "applicable law", .source = "text", .as_of = "2025-08-05")
FACT(.id = "gemma-use-policy-2024", .name = "Gemma Prohibited Use Policy", .companion = true,
     .belongs_to = "gemma-tou-2024-04-01", .use_policy = "as listed", .source = "text", .as_of = "2024-02-21")
FACT(.id = "hunyuan-large-notice", .name = "Tencent-Hunyuan-Large notice", .companion = true,
     .belongs_to = "hunyuan-large-2024", .not_in = "EU", .source = "text", .as_of = "2024-11-05")
FACT(.id = "hunyuan-a13b-notice", .name = "Hunyuan-A13B notice", .companion = true,
     .belongs_to = "hunyuan-a13b-2025", .not_in = "EU GB KR", .source = "text", .as_of = "2025-06-27")
FACT(.id = "qwen-notice", .name = "Notices of software in Qwen", .companion = true, .belongs_to = "tongyi-2023",
     .source = "text", .as_of = "2023-08-03")
FACT(.id = "yi-notice", .name = "Yi notice", .companion = true, .belongs_to = "Apache-2.0", .source = "text",
     .as_of = "2024-05-30")
