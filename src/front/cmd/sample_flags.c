/* From the options of sampling to a request's "sampling" object.
 * SPDX-License-Identifier: Apache-2.0 */
#include "front/cmd/sample_flags.h"

#include <math.h>
#include <string.h>

#include "lm/sample/sample.h"

static const struct option_spec sample_specs[] = {
    { "greedy", 0, OPTION_FLAG,
      .help = "always the most probable token; the same as --temperature 0" },
    { "temperature", 't', OPTION_REAL, "T", 0, 100,
      "0 is greedy; 1 is the model's own distribution" },
    { "top-k", 0, OPTION_INT, "K", 0, INT32_MAX, "only the K most probable tokens; 0 is off" },
    { "top-p", 0, OPTION_REAL, "P", 0, 1, "the most probable tokens up to this share; 1 is off" },
    { "min-p", 0, OPTION_REAL, "P", 0, 1,
      "no token below this share of the most probable one; 0 is off" },
    { "repeat-penalty", 0, OPTION_REAL, "R", 0, 10,
      "divides what prompt or answer already hold; 1 is off" },
    { "presence-penalty", 0, OPTION_REAL, "X", -2, 2,
      "subtracted once from what the answer holds" },
    { "frequency-penalty", 0, OPTION_REAL, "X", -2, 2,
      "subtracted for each time the answer holds it" },
    { "logit-bias", 0, OPTION_TEXTS, "ID=VALUE",
      .help = "added to the logit of a token; -inf forbids it; may be given several times" },
    { "seed", 0, OPTION_INT, "N", 0, 0x1p63,
      "the same seed gives the same text; by default one is made up" },
    { "deterministic", 0, OPTION_FLAG,
      .help = "without --seed, make the seed from the prompt: the same bytes every time" },
    { "logprobs", 0, OPTION_INT, "N", 0, SAMPLE_TOP_LOGPROBS_MAX,
      "with --json: the log probability of each token and of the N most probable ones" },
    { 0 },
};
const struct option_table sample_table = {
    "Sampling (defaults are the model's generation_config, else the neutral values)", sample_specs
};

/* "1234=-2.5" */
static enum status parse_bias(const char *text, struct logit_bias *ret, struct error *err)
{
    char id_text[16];
    const char *equals = strchr(text, '=');
    int64_t id = -1;
    double value = 0;
    size_t len = equals ? (size_t)(equals - text) : sizeof id_text;
    if (len < sizeof id_text) {
        memcpy(id_text, text, len);
        id_text[len] = 0;
    }
    if (len >= sizeof id_text || !parse_int(id_text, &id) || id < 0 || id > INT32_MAX ||
        !parse_real(equals + 1, &value))
        return error_set(err, STATUS_USAGE,
                         "--logit-bias takes ID=VALUE, such as 1234=-2.5, not \"%s\"", text);
    *ret = (struct logit_bias){ (int32_t)id, (float)value };
    return STATUS_OK;
}

/* [[id, value]]; null stands for -infinity, which JSON cannot say. */
static enum status write_biases(const struct args *args, struct json_writer *w, struct error *err)
{
    int cursor = 0, count = 0;
    if (!args_given(args, "logit-bias")) return STATUS_OK;
    json_key(w, "logit_bias");
    json_open_array(w);
    for (const char *text; (text = args_next_text(args, "logit-bias", &cursor));) {
        struct logit_bias b = { 0 };
        enum status st = parse_bias(text, &b, err);
        if (st) return st;
        if (count++ == SAMPLE_BIAS_MAX)
            return error_set(err, STATUS_USAGE, "at most %d --logit-bias are possible",
                             SAMPLE_BIAS_MAX);
        json_open_array(w);
        json_put_int(w, b.id);
        if (isinf(b.bias) && b.bias < 0) json_put_null(w);
        else json_put_float(w, b.bias);
        json_close_array(w);
    }
    json_close_array(w);
    return STATUS_OK;
}

static void write_reals(const struct args *args, struct json_writer *w)
{
    static const struct {
        const char *option, *member;
    } reals[] = {
        { "temperature", "temperature" },
        { "top-p", "top_p" },
        { "min-p", "min_p" },
        { "repeat-penalty", "repeat_penalty" },
        { "presence-penalty", "presence_penalty" },
        { "frequency-penalty", "frequency_penalty" },
    };
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        if (!args_given(args, reals[i].option)) continue;
        json_key(w, reals[i].member);
        json_put_real(w, args_real(args, reals[i].option, 0));
    }
}

static void write_integers(const struct args *args, struct json_writer *w)
{
    static const struct {
        const char *option, *member;
    } integers[] = { { "top-k", "top_k" }, { "seed", "seed" }, { "logprobs", "logprobs" } };
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        if (!args_given(args, integers[i].option)) continue;
        json_key(w, integers[i].member);
        json_put_int(w, args_int(args, integers[i].option, 0));
    }
}

enum status sample_flags_write(const struct args *args, struct json_writer *w, struct error *err)
{
    if (args_flag(args, "greedy") && args_real(args, "temperature", 0) > 0)
        return error_set(err, STATUS_USAGE, "--greedy and --temperature %g contradict each other",
                         args_real(args, "temperature", 0));
    json_open_object(w);
    write_reals(args, w);
    if (args_flag(args, "greedy") && !args_given(args, "temperature")) {
        json_key(w, "temperature");
        json_put_int(w, 0);
    }
    write_integers(args, w);
    enum status st = write_biases(args, w, err);
    if (!st) json_close_object(w); /* else what was written is of no use */
    return st;
}
