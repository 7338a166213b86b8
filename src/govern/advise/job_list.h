/* The jobs that advice is given for: symbol, name, what it is.
 * SPDX-License-Identifier: Apache-2.0 */
JOB(CHAT, "chat", "conversations and writing, answers to people")
JOB(EXTRACTION, "extraction", "fields out of documents, as JSON that a schema describes")
JOB(CODING, "coding", "programs: completing, explaining, changing them")
JOB(BILINGUAL, "bilingual", "Chinese and English, between them and in both")
JOB(EMBEDDINGS, "embeddings", "vectors of texts, for searching and grouping")
