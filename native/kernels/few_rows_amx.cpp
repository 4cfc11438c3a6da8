/*
 * Products of up to eight vectors with weights in AMX's memory. From two vectors on GGML multiplies tiles, for which it
 * unpacks the weights into memory and reads them again; that takes two to three times as long as for one vector, which it
 * multiplies from registers. Here up to eight are multiplied from registers; and single ones of types whose weights GGML
 * unpacks slowly there. Each sum is made as GGML makes it (tinygemm_kernel_vnni in ggml-cpu/amx/mmq.cpp; the layouts are
 * there, too), so a vector's result is the same to the last bit, alone or beside others.
 *
 * Where GGML calls ggml_backend_amx_mul_mat, BuildGgml.cmake lets it call ggml4j_amx_mul_mat instead.
 */
#include "amx/mmq.h"

#if defined(__AMX_INT8__) && defined(__AVX512VNNI__)
#define GGML_COMMON_DECL_CPP
#include "ggml-common.h"
#include "quants.h"
#include "simd-mappings.h"

namespace {

constexpr int MOST = 8;
/* Columns that are stored together; a register holds the four values that go into one sum of each. */
constexpr int COLUMNS = 16;
/* As many values have one scale. */
constexpr int SCALED = 32;
/* Rows of vectors are at most so long, because what is known of them is kept on the stack. */
constexpr int LONGEST = 32768;

inline __m512i load(const char * p) {
    return _mm512_loadu_si512(p);
}

inline __m512 halves(const char * p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *) p));
}

/* Four values for all columns. */
inline __m512i four(const int8_t * values) {
    int32_t v;
    memcpy(&v, values, sizeof(v));
    return _mm512_set1_epi32(v);
}

inline void ask_ahead(const char * p, int size) {
    for (int i = 0; i < size; i += 64) {
        _mm_prefetch(p + 4096 + i, _MM_HINT_T1);
    }
}

inline __m512i low_nibbles(__m512i x) {
    return _mm512_and_si512(x, _mm512_set1_epi8(0x0F));
}

/* Adds the products of eight weights of each column, four in each register, with n vectors' values. */
template <int n, typename Values>
inline void add(__m512i (&sums)[n], __m512i first, __m512i second, Values values) {
    for (int i = 0; i < n; ++i) {
        sums[i] = _mm512_dpbusd_epi32(sums[i], first, four(values(i)));
        sums[i] = _mm512_dpbusd_epi32(sums[i], second, four(values(i) + 4));
    }
}

/* Blocks of 32 weights with a scale each. A weight is stored or read as a number from 0 on, OFFSET too large. */
template <ggml_type type> struct Blocks32 {
    using Vector = block_q8_0;
    static constexpr int BLOCK = SCALED;
    static constexpr bool NIBBLES = type == GGML_TYPE_Q4_0;
    static constexpr int OFFSET = NIBBLES ? 8 : 128;
    static constexpr int SIZE = COLUMNS * (NIBBLES ? sizeof(block_q4_0) : sizeof(block_q8_0) + sizeof(int32_t));

    struct Known {
        int32_t excess;
        float d;
    };

    static void quantize(const float * x, Vector * y, int64_t k) {
        quantize_row_q8_0(x, y, k);
    }

    static Known know(const Vector & v) {
        int32_t sum = 0;
        for (int8_t q : v.qs) {
            sum += q;
        }
        return { sum * OFFSET, GGML_CPU_FP16_TO_FP32(v.d) };
    }

    template <int n> static void multiply(int kb, const char * b, const Vector * a, const Known * known, float * c, int ldc) {
        __m512 results[n];
        for (int i = 0; i < n; ++i) {
            results[i] = _mm512_setzero_ps();
        }
        for (int k = 0; k < kb; ++k, b += SIZE) {
            ask_ahead(b, SIZE);
            __m512i sums[n];
            for (int i = 0; i < n; ++i) {
                sums[i] = _mm512_setzero_si512();
            }
            for (int j = 0; j < SCALED; j += 8) {
                const auto values = [&](int i) { return a[i * kb + k].qs + j; };
                if constexpr (NIBBLES) {
                    const __m512i both = load(b + j * COLUMNS / 2);
                    add<n>(sums, low_nibbles(both), low_nibbles(_mm512_srli_epi16(both, 4)), values);
                } else {
                    const __m512i sign = _mm512_set1_epi8((char) OFFSET);
                    const char * w = b + j * COLUMNS;
                    add<n>(sums, _mm512_xor_si512(load(w), sign), _mm512_xor_si512(load(w + 64), sign), values);
                }
            }
            const __m512 d = halves(b + COLUMNS * SCALED / (NIBBLES ? 2 : 1));
            for (int i = 0; i < n; ++i) {
                const Known & v = known[i * kb + k];
                const __m512i sum = _mm512_sub_epi32(sums[i], _mm512_set1_epi32(v.excess));
                results[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_mul_ps(d, _mm512_set1_ps(v.d)), results[i]);
            }
        }
        for (int i = 0; i < n; ++i) {
            _mm512_storeu_ps(c + i * ldc, results[i]);
        }
    }
};

/*
 * Blocks of 256 weights: groups of 32 have a scale in whole numbers, and those of Q4_K and Q5_K a minimum; the block has a
 * factor for each. Q5_K keeps each weight's fifth bit apart; IQ4_XS has numbers of a table's values.
 */
template <ggml_type type> struct Blocks256 {
    using Vector = block_q8_K;
    static constexpr bool FIFTH = type == GGML_TYPE_Q5_K;
    static constexpr bool TABLE = type == GGML_TYPE_IQ4_XS;
    static constexpr int BLOCK = QK_K;
    static constexpr int GROUPS = QK_K / SCALED;
    static constexpr int SCALES = COLUMNS * QK_K / 2 + (FIFTH ? COLUMNS * QK_K / 8 : 0);
    static constexpr int MINIMA = SCALES + COLUMNS * GROUPS;
    static constexpr int FACTORS = MINIMA + (TABLE ? 0 : COLUMNS * GROUPS);
    static constexpr int SIZE = FACTORS + COLUMNS * sizeof(ggml_half) * (TABLE ? 1 : 2);

    /* Of each group the sum of the values, times what the table's are too large; of two groups both in one number. */
    struct Known {
        int32_t sums[TABLE ? GROUPS : GROUPS / 2];
    };

    static void quantize(const float * x, Vector * y, int64_t k) {
        quantize_row_q8_K(x, y, k);
    }

    static Known know(const Vector & v) {
        Known known;
        for (int group = 0; group < GROUPS; group += 2) {
            const int16_t * s = v.bsums + 2 * group;
            const int16_t both[2] = { (int16_t) (s[0] + s[1]), (int16_t) (s[2] + s[3]) };
            if constexpr (TABLE) {
                known.sums[group] = 128 * both[0];
                known.sums[group + 1] = 128 * both[1];
            } else {
                memcpy(&known.sums[group / 2], both, sizeof(both));
            }
        }
        return known;
    }

    /* The values of IQ4_NL and IQ4_XS (kvalues_iq4nl in ggml-common.h), 128 larger. */
    static __m512i from_table(__m512i nibbles) {
        const __m128i values = _mm_setr_epi8(1, 24, 45, 63, 79, 93, 106, 118, (char) 129, (char) 141, (char) 153, (char) 166,
            (char) 181, (char) 197, (char) 217, (char) 241);
        return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(values), nibbles);
    }

    /* Nibbles with the bits that have number `bit` in their bytes. */
    template <int bit> static __m512i with_fifth(__m512i nibbles, __m512i bits) {
        __m512i fifth;
        if constexpr (bit < 4) {
            fifth = _mm512_slli_epi16(bits, 4 - bit);
        } else {
            fifth = _mm512_srli_epi16(bits, bit - 4);
        }
        return _mm512_or_si512(nibbles, _mm512_and_si512(fifth, _mm512_set1_epi8(0x10)));
    }

    template <int n, int eighth, typename Values>
    static void add_eighth(__m512i (&sums)[n], const char * b, int group, Values values) {
        const __m512i both = load(b + group * COLUMNS * SCALED / 2 + eighth * 64);
        __m512i first = low_nibbles(both);
        __m512i second = low_nibbles(_mm512_srli_epi16(both, 4));
        if constexpr (FIFTH) {
            const __m512i bits = load(b + COLUMNS * QK_K / 2 + group * 64);
            first = with_fifth<2 * eighth>(first, bits);
            second = with_fifth<2 * eighth + 1>(second, bits);
        } else if constexpr (TABLE) {
            first = from_table(first);
            second = from_table(second);
        }
        add<n>(sums, first, second, [&](int i) { return values(i) + group * SCALED + 8 * eighth; });
    }

    template <int n> static void multiply(int kb, const char * b, const Vector * a, const Known * known, float * c, int ldc) {
        __m512 results[n];
        for (int i = 0; i < n; ++i) {
            results[i] = _mm512_setzero_ps();
        }
        for (int k = 0; k < kb; ++k, b += SIZE) {
            const auto values = [&](int i) { return a[i * kb + k].qs; };
            __m512i sums[n];
            for (int i = 0; i < n; ++i) {
                sums[i] = _mm512_setzero_si512();
            }
            for (int group = 0; group < GROUPS; ++group) {
                ask_ahead(b + group * SIZE / GROUPS, SIZE / GROUPS);
                __m512i part[n];
                for (int i = 0; i < n; ++i) {
                    part[i] = TABLE ? _mm512_set1_epi32(-known[i * kb + k].sums[group]) : _mm512_setzero_si512();
                }
                add_eighth<n, 0>(part, b, group, values);
                add_eighth<n, 1>(part, b, group, values);
                add_eighth<n, 2>(part, b, group, values);
                add_eighth<n, 3>(part, b, group, values);
                const __m128i scales = _mm_loadu_si128((const __m128i *) (b + SCALES + group * COLUMNS));
                for (int i = 0; i < n; ++i) {
                    sums[i] = _mm512_add_epi32(sums[i], _mm512_mullo_epi32(part[i], _mm512_cvtepi8_epi32(scales)));
                }
            }
            const __m512 d = halves(b + FACTORS);
            for (int i = 0; i < n; ++i) {
                const __m512 factor = _mm512_mul_ps(d, _mm512_set1_ps(a[i * kb + k].d));
                results[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[i]), factor, results[i]);
            }
            if constexpr (!TABLE) {
                subtract_minima<n>(results, b, [&](int i) { return a[i * kb + k].d; }, [&](int i) { return known[i * kb + k].sums; });
            }
        }
        for (int i = 0; i < n; ++i) {
            _mm512_storeu_ps(c + i * ldc, results[i]);
        }
    }

    template <int n, typename Factor, typename Sums>
    static void subtract_minima(__m512 (&results)[n], const char * b, Factor factor, Sums sums) {
        __m512i minima[n];
        for (int i = 0; i < n; ++i) {
            minima[i] = _mm512_setzero_si512();
        }
        for (int pair = 0; pair < GROUPS / 2; ++pair) {
            const __m512i two = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *) (b + MINIMA + pair * 2 * COLUMNS)));
            for (int i = 0; i < n; ++i) {
                minima[i] = _mm512_dpwssds_epi32(minima[i], _mm512_set1_epi32(sums(i)[pair]), two);
            }
        }
        const __m512 d = halves(b + FACTORS + COLUMNS * sizeof(ggml_half));
        for (int i = 0; i < n; ++i) {
            const __m512 both = _mm512_mul_ps(d, _mm512_set1_ps(factor(i)));
            results[i] = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(minima[i]), both, results[i]);
        }
    }
};

/* One matrix, all n vectors. */
template <typename Type, int n> void multiply(const ggml_compute_params * params, ggml_tensor * dst) {
    const ggml_tensor * weights = dst->src[0];
    const float * x = (const float *) dst->src[1]->data;
    const int in = weights->ne[0];
    const int kb = in / Type::BLOCK;
    auto * a = (typename Type::Vector *) params->wdata;
    if (params->ith == 0) {
        ggml_threadpool_chunk_set(params->threadpool, params->nth);
    }
    for (int i = params->ith; i < n; i += params->nth) {
        Type::quantize(x + i * in, a + i * kb, in);
    }
    ggml_barrier(params->threadpool);

    typename Type::Known known[n * kb];
    for (int i = 0; i < n * kb; ++i) {
        known[i] = Type::know(a[i]);
    }
    const int ldc = dst->nb[1] / sizeof(float);
    const int tiles = dst->ne[0] / COLUMNS;
    const int even = tiles / (8 * params->nth);
    const int chunk = even < 1 ? 1 : even > 16 ? 16 : even;
    for (int i = params->ith; i * chunk < tiles; i = ggml_threadpool_chunk_add(params->threadpool, 1)) {
        for (int tile = i * chunk; tile < tiles && tile < (i + 1) * chunk; ++tile) {
            const char * b = (const char *) weights->data + (size_t) tile * kb * Type::SIZE;
            Type::template multiply<n>(kb, b, a, known, (float *) dst->data + tile * COLUMNS, ldc);
        }
    }
}

template <typename Type> void multiply(const ggml_compute_params * params, ggml_tensor * dst) {
    switch (dst->ne[1]) {
        case 1: return multiply<Type, 1>(params, dst);
        case 2: return multiply<Type, 2>(params, dst);
        case 3: return multiply<Type, 3>(params, dst);
        case 4: return multiply<Type, 4>(params, dst);
        case 5: return multiply<Type, 5>(params, dst);
        case 6: return multiply<Type, 6>(params, dst);
        case 7: return multiply<Type, 7>(params, dst);
        default: return multiply<Type, 8>(params, dst);
    }
}

} // namespace

void ggml4j_amx_mul_mat(const ggml_compute_params * params, ggml_tensor * dst) {
    const ggml_tensor * weights = dst->src[0];
    const int64_t n = dst->ne[1];
    if (n <= MOST && dst->ne[2] * dst->ne[3] == 1 && weights->ne[0] <= LONGEST) {
        switch (weights->type) {
            case GGML_TYPE_Q4_K: return multiply<Blocks256<GGML_TYPE_Q4_K>>(params, dst);
            case GGML_TYPE_Q5_K: return multiply<Blocks256<GGML_TYPE_Q5_K>>(params, dst);
            case GGML_TYPE_IQ4_XS: return multiply<Blocks256<GGML_TYPE_IQ4_XS>>(params, dst);
            case GGML_TYPE_Q4_0:
                if (n > 1) {
                    return multiply<Blocks32<GGML_TYPE_Q4_0>>(params, dst);
                }
                break;
            case GGML_TYPE_Q8_0:
                if (n > 1) {
                    return multiply<Blocks32<GGML_TYPE_Q8_0>>(params, dst);
                }
                break;
            default: break;
        }
    }
    ggml_backend_amx_mul_mat(params, dst);
}
#endif
