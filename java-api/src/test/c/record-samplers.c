// What llama.cpp's samplers make of given logits, recorded through its public C API: the expected
// values of LlamaCppSamplersTest. Copies the cases from standard input to standard output, with
// what came out behind each ("=" a distribution, token:probability; "!" the token that was picked;
// lines that begin so are dropped from the input, so that a recording can be recorded anew):
//
//   cc -O1 record-samplers.c -lllama -lm -o record
//   gunzip -c ../resources/sampling/llama-cpp.txt.gz | ./record FOLDER_OF_VOCABULARIES | gzip -9n > new.txt.gz
//
// A case:
//   case NAME
//   vocab FILE                     a GGUF file with a vocabulary, for dry and infill
//   breaker TEXT                   a sequence breaker for dry; \n is the end of a line
//   logits KIND N SEED SCALE       see make_logits; each step adds 1 to the seed
//   set TOKEN:LOGIT ...            changes some of them
//   chain NAME:PARAMETER:... ...
//   history TOKEN ...              accepted before the first step
//   steps TOKEN ...                runs the chain, records, accepts the token; and so on. The last
//                                  one is not accepted. "?" accepts what was picked.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llama.h"

#define MAX 300000

static float logits[MAX];
static llama_token_data data[MAX];
static float changed_logit[1000];
static int changed_token[1000], n_changed;
static int history[10000], n_history;
static char breakers[20][100];
static int n_breakers;
static char kind[20], chain_text[2000], vocab_name[200];
static int n;
static uint64_t seed;
static float scale;
static struct llama_model * model;
static const char * folder;

static uint64_t mix(uint64_t z) { // SplitMix64's output function
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

// The same numbers as in LlamaCppSamplersTest, by whole numbers and one product each.
static void make_logits(uint64_t s) {
    for (int i = 0; i < n; i++) {
        uint64_t z = mix(s * 1000003ull + (uint64_t) i + 1);
        int sum = (int) (z & 0xffff) + (int) (z >> 16 & 0xffff) + (int) (z >> 32 & 0xffff) + (int) (z >> 48) - 131070;
        logits[i] = (float) sum * (1.0f / 32768) * scale; // close to normal
        if (!strcmp(kind, "ties")) {
            logits[i] = (float) (int) (z % 7) * scale;
        } else if (!strcmp(kind, "equal")) {
            logits[i] = scale;
        } else if (!strcmp(kind, "banned") && z % 3 == 0) {
            logits[i] = -INFINITY;
        }
    }
    if (!strcmp(kind, "peaked")) { // one far above, others behind it
        for (int i = 0; i < 12; i++) {
            int token = (int) (mix(s * 77 + (uint64_t) i) % (uint64_t) n);
            logits[token] = 14.0f * scale - (float) i * scale;
        }
    }
    for (int i = 0; i < n_changed; i++) {
        logits[changed_token[i]] = changed_logit[i];
    }
}

static double number(char ** spec) {
    char * colon = strchr(*spec, ':');
    double value = colon ? strtod(colon + 1, NULL) : 0;
    *spec = colon ? colon + 1 : *spec + strlen(*spec);
    return value;
}

static struct llama_sampler * make_sampler(char * spec) {
    char name[50];
    snprintf(name, sizeof name, "%.*s", (int) strcspn(spec, ":"), spec);
    double a = number(&spec), b = number(&spec), c = number(&spec), d = number(&spec);
    const struct llama_vocab * vocab = model ? llama_model_get_vocab(model) : NULL;
    if (!strcmp(name, "top_k")) return llama_sampler_init_top_k((int) a);
    if (!strcmp(name, "top_p")) return llama_sampler_init_top_p(a, (size_t) b);
    if (!strcmp(name, "min_p")) return llama_sampler_init_min_p(a, (size_t) b);
    if (!strcmp(name, "typ_p")) return llama_sampler_init_typical(a, (size_t) b);
    if (!strcmp(name, "temp")) return llama_sampler_init_temp(a);
    if (!strcmp(name, "temp_ext")) return llama_sampler_init_temp_ext(a, b, c);
    if (!strcmp(name, "top_n_sigma")) return llama_sampler_init_top_n_sigma(a);
    if (!strcmp(name, "xtc")) return llama_sampler_init_xtc(a, b, (size_t) c, 1);
    if (!strcmp(name, "penalties")) return llama_sampler_init_penalties(n, (int) a, b, c, d);
    if (!strcmp(name, "infill")) return llama_sampler_init_infill(vocab);
    if (!strcmp(name, "mirostat")) return llama_sampler_init_mirostat(n, 1, a, b, 100);
    if (!strcmp(name, "mirostat_v2")) return llama_sampler_init_mirostat_v2(1, a, b);
    if (!strcmp(name, "adaptive_p")) return llama_sampler_init_adaptive_p(a, b, 1);
    if (!strcmp(name, "greedy")) return llama_sampler_init_greedy();
    if (!strcmp(name, "logit_bias")) {
        llama_logit_bias bias = {(int) a, (float) b};
        return llama_sampler_init_logit_bias(n, 1, &bias);
    }
    if (!strcmp(name, "dry")) {
        const char * texts[20];
        for (int i = 0; i < n_breakers; i++) {
            texts[i] = breakers[i];
        }
        return llama_sampler_init_dry(vocab, a, b, (int) c, (int) d, texts, n_breakers);
    }
    fprintf(stderr, "unknown sampler %s\n", name);
    exit(1);
}

static void record(const llama_token_data_array * cur) {
    double max = -INFINITY, sum = 0;
    for (size_t i = 0; i < cur->size; i++) {
        max = fmax(max, cur->data[i].logit);
    }
    for (size_t i = 0; i < cur->size; i++) {
        sum += exp(cur->data[i].logit - max);
    }
    printf("=");
    for (size_t i = 0; i < cur->size; i++) {
        double p = exp(cur->data[i].logit - max) / sum;
        if (p >= 1e-7) {
            printf(" %d:%.8g", cur->data[i].id, p);
        }
    }
    printf("\n");
}

static void run(char * steps) {
    struct llama_sampler * chain = llama_sampler_chain_init(llama_sampler_chain_default_params());
    char text[2000];
    strcpy(text, chain_text);
    char * rest = text;
    for (char * spec; (spec = strsep(&rest, " \n"));) {
        if (*spec) {
            llama_sampler_chain_add(chain, make_sampler(spec));
        }
    }
    for (int i = 0; i < n_history; i++) {
        llama_sampler_accept(chain, history[i]);
    }
    uint64_t s = seed;
    for (char * step; (step = strsep(&steps, " \n"));) {
        if (!*step) {
            continue;
        }
        make_logits(s++);
        for (int i = 0; i < n; i++) {
            data[i] = (llama_token_data) {i, logits[i], 0};
        }
        llama_token_data_array cur = {data, (size_t) n, -1, false};
        llama_sampler_apply(chain, &cur);
        record(&cur);
        int token = atoi(step);
        if (*step == '?') {
            token = cur.data[cur.selected].id;
            printf("! %d\n", token);
        }
        llama_sampler_accept(chain, token);
    }
    llama_sampler_free(chain);
}

static void load_vocab(const char * name) {
    if (!strcmp(name, vocab_name)) {
        return;
    }
    strcpy(vocab_name, name);
    char path[1000];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    struct llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    model = llama_model_load_from_file(path, params);
    if (!model) {
        fprintf(stderr, "can't load %s\n", path);
        exit(1);
    }
}

static void silent(enum ggml_log_level level, const char * text, void * user) {
    (void) user;
    if (level == GGML_LOG_LEVEL_ERROR) {
        fputs(text, stderr);
    }
}

int main(int argc, char ** argv) {
    static char line[200000];
    folder = argc > 1 ? argv[1] : ".";
    llama_log_set(silent, NULL);
    while (fgets(line, sizeof line, stdin)) {
        if (line[0] == '=' || line[0] == '!') {
            continue;
        }
        fputs(line, stdout);
        char * rest = line;
        char * word = strsep(&rest, " \n");
        if (!strcmp(word, "case")) {
            n_changed = n_history = n_breakers = 0;
            chain_text[0] = 0;
        } else if (!strcmp(word, "vocab")) {
            rest[strcspn(rest, "\n")] = 0;
            load_vocab(rest);
        } else if (!strcmp(word, "breaker")) {
            rest[strcspn(rest, "\n")] = 0;
            strcpy(breakers[n_breakers++], strcmp(rest, "\\n") ? rest : "\n");
        } else if (!strcmp(word, "logits")) {
            unsigned long long s;
            if (sscanf(rest, "%19s %d %llu %f", kind, &n, &s, &scale) != 4 || n > MAX) {
                fprintf(stderr, "bad line: %s\n", rest);
                return 1;
            }
            seed = s;
        } else if (!strcmp(word, "set")) {
            for (char * w; (w = strsep(&rest, " \n"));) {
                if (sscanf(w, "%d:%f", &changed_token[n_changed], &changed_logit[n_changed]) == 2) {
                    n_changed++;
                }
            }
        } else if (!strcmp(word, "chain")) {
            strcpy(chain_text, rest);
        } else if (!strcmp(word, "history")) {
            for (char * w; (w = strsep(&rest, " \n"));) {
                if (*w) {
                    history[n_history++] = atoi(w);
                }
            }
        } else if (!strcmp(word, "steps")) {
            run(rest);
        }
    }
    return 0;
}
