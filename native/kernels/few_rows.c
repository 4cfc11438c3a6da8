/*
 * Products of a Q6_K matrix with vectors, on x86. GGML computes them vector by vector and unpacks each weight anew for each;
 * here a weight is unpacked once for several vectors, and asked for before it is needed. Each sum is made of the same parts
 * in the same order as GGML's (ggml_vec_dot_q6_K_q8_K in ggml-cpu/arch/x86/quants.c), so the results are equal bit for bit.
 *
 * GGML's CPU backend offers each product to llamafile_sgemm first; BuildGgml.cmake lets it ask ggml4j_sgemm instead.
 */
#define GGML_COMMON_DECL_C
#include "ggml-common.h"
#include "ggml-cpu-impl.h"
#include "simd-mappings.h"
#include "llamafile/sgemm.h"

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#define GGML4J_Q6_K
#define INLINE static inline __attribute__((always_inline))

/* For so many vectors at once a weight is unpacked; with 512 bits all their sums stay in registers. */
enum { VECTORS = 8 };

/* A register holds the weights of a group. */
#if defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512VNNI__)
enum { GROUP = 64 };
typedef __m512i bytes;

/* The group's 6-bit weights; in bytes, from 0 to 63, in the order of the vector's values. */
INLINE bytes weights(const block_q6_K * x, int group) {
    const int half = group / 2;
    const bytes ql = _mm512_loadu_si512(x->ql + 64 * half);
    const bytes qh = _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *) (x->qh + 32 * half)));
    const __m256i two = _mm256_set1_epi16(2);
    const bytes low = group % 2 ? _mm512_srli_epi16(ql, 4) : ql;
    const bytes high = group % 2
        ? _mm512_srlv_epi16(qh, _mm512_inserti64x4(_mm512_setzero_si512(), two, 1))
        : _mm512_sllv_epi16(qh, _mm512_inserti64x4(_mm512_set1_epi16(4), two, 1));
    return _mm512_or_si512(_mm512_and_si512(low, _mm512_set1_epi8(0x0F)), _mm512_and_si512(high, _mm512_set1_epi8(0x30)));
}

/* The scales of the group's sixteenths, for each pair of weights. */
INLINE bytes pair_scales(__m128i scales, int group) {
    const bytes sixteenth = _mm512_set_epi64(3, 3, 2, 2, 1, 1, 0, 0);
    const bytes copies = _mm512_shuffle_epi8(sixteenth, _mm512_set4_epi32(0x08080808, 0x08080808, 0, 0));
    const bytes index = _mm512_add_epi8(copies, _mm512_set1_epi8(4 * group));
    const bytes all = _mm512_broadcast_i32x4(scales);
    /* bytes twice in a 16-bit pair; the shift right keeps the sign of the upper one */
    return _mm512_srai_epi16(_mm512_shuffle_epi8(all, index), 8);
}

INLINE bytes add_products(bytes sum, bytes weights, const int8_t * values, bytes scales) {
    return _mm512_dpwssd_epi32(sum, _mm512_maddubs_epi16(weights, _mm512_loadu_si512(values)), scales);
}

INLINE bytes widened(__m256i sum) {
    return _mm512_zextsi256_si512(sum);
}

INLINE __m256i narrowed(bytes sum) {
    return _mm256_add_epi32(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64(sum, 1));
}
#else
enum { GROUP = 32 };
typedef __m256i bytes;

INLINE bytes weights(const block_q6_K * x, int group) {
    const int half = group / 4, quarter = group % 4;
    const bytes ql = _mm256_loadu_si256((const __m256i *) (x->ql + 64 * half + 32 * (quarter % 2)));
    const bytes qh = _mm256_loadu_si256((const __m256i *) (x->qh + 32 * half));
    const bytes low = quarter / 2 ? _mm256_srli_epi16(ql, 4) : ql;
    const bytes high = quarter == 3 ? _mm256_srli_epi16(qh, 2) : _mm256_slli_epi16(qh, 4 - 2 * quarter);
    return _mm256_or_si256(_mm256_and_si256(low, _mm256_set1_epi8(0x0F)), _mm256_and_si256(high, _mm256_set1_epi8(0x30)));
}

INLINE bytes pair_scales(__m128i scales, int group) {
    const __m128i index = _mm_add_epi8(_mm_set_epi64x(0x0101010101010101, 0), _mm_set1_epi8(2 * group));
    return _mm256_cvtepi8_epi16(_mm_shuffle_epi8(scales, index));
}

INLINE bytes add_products(bytes sum, bytes weights, const int8_t * values, bytes scales) {
    const bytes pairs = _mm256_maddubs_epi16(weights, _mm256_loadu_si256((const __m256i *) values));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, scales));
}

INLINE bytes widened(__m256i sum) {
    return sum;
}

INLINE __m256i narrowed(bytes sum) {
    return sum;
}
#endif

/* The order of GGML's hsum_float_8. */
INLINE float total(__m256 x) {
    __m128 sum = _mm_add_ps(_mm256_extractf128_ps(x, 1), _mm256_castps256_ps128(x));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

/* One row of k blocks with n vectors that are ldb blocks apart; results are ldc floats apart. */
INLINE void multiply_row(int n, int64_t k, const block_q6_K * x, const block_q8_K * y, int64_t ldb, float * c, int64_t ldc) {
    __m256 sums[VECTORS];
    for (int i = 0; i < n; ++i) {
        sums[i] = _mm256_setzero_ps();
    }
    for (int64_t block = 0; block < k; ++block, ++x, ++y) {
        /* What is needed 19 blocks later; nothing is read, so beyond the matrix it does no harm. */
        for (int i = 0; i < 4; ++i) {
            _mm_prefetch((const char *) x + 4096 + 64 * i, _MM_HINT_T1);
        }
        const __m128i scales = _mm_loadu_si128((const __m128i *) x->scales);
        /* Weights are unpacked without their offset of -32; the sums of the values take its part. */
        const __m256i offsets =
            _mm256_slli_epi16(_mm256_sub_epi16(_mm256_setzero_si256(), _mm256_cvtepi8_epi16(scales)), 5);
        bytes parts[VECTORS];
        for (int i = 0; i < n; ++i) {
            parts[i] = widened(_mm256_madd_epi16(_mm256_loadu_si256((const __m256i *) y[i * ldb].bsums), offsets));
        }
#pragma GCC unroll 8
        for (int group = 0; group < QK_K / GROUP; ++group) {
            const bytes w = weights(x, group);
            const bytes s = pair_scales(scales, group);
            for (int i = 0; i < n; ++i) {
                parts[i] = add_products(parts[i], w, y[i * ldb].qs + GROUP * group, s);
            }
        }
        const float d = GGML_CPU_COMPUTE_FP16_TO_FP32(x->d);
        for (int i = 0; i < n; ++i) {
            const __m256 factor = _mm256_mul_ps(_mm256_set1_ps(y[i * ldb].d), _mm256_set1_ps(d));
            sums[i] = _mm256_fmadd_ps(factor, _mm256_cvtepi32_ps(narrowed(parts[i])), sums[i]);
        }
    }
    for (int i = 0; i < n; ++i) {
        c[i * ldc] = total(sums[i]);
    }
}

/* Rows from and to with all n vectors. */
static void multiply(int64_t n, int64_t from, int64_t to, int64_t k, const block_q6_K * a, int64_t lda, const block_q8_K * b,
        int64_t ldb, float * c, int64_t ldc) {
    for (int64_t first = 0; first < n; first += VECTORS, b += VECTORS * ldb, c += VECTORS * ldc) {
        switch (n - first < VECTORS ? n - first : VECTORS) {
#define CASE(count)                                                                 \
    case count:                                                                     \
        for (int64_t row = from; row < to; ++row) {                                 \
            multiply_row(count, k, a + row * lda, b, ldb, c + row, ldc);            \
        }                                                                           \
        break
            CASE(1);
            CASE(2);
            CASE(3);
            CASE(4);
            CASE(5);
            CASE(6);
            CASE(7);
            CASE(8);
#undef CASE
        }
    }
}
#endif

bool ggml4j_sgemm(const struct ggml_compute_params * params, int64_t m, int64_t n, int64_t k, const void * a, int64_t lda,
        const void * b, int64_t ldb, void * c, int64_t ldc, int a_type, int b_type, int c_type) {
#ifdef GGML4J_Q6_K
    if (a_type == GGML_TYPE_Q6_K && b_type == GGML_TYPE_Q8_K && c_type == GGML_TYPE_F32) {
        const int64_t even = m / (8 * params->nth);
        const int64_t chunk = even < 8 ? 8 : even > 128 ? 128 : even;
        if (params->ith == 0) {
            ggml_threadpool_chunk_set(params->threadpool, params->nth);
        }
        ggml_barrier(params->threadpool);
        for (int64_t i = params->ith; i * chunk < m; i = ggml_threadpool_chunk_add(params->threadpool, 1)) {
            const int64_t to = (i + 1) * chunk < m ? (i + 1) * chunk : m;
            multiply(n, i * chunk, to, k, a, lda, b, ldb, c, ldc);
        }
        ggml_barrier(params->threadpool);
        return true;
    }
#endif
    return llamafile_sgemm(params, m, n, k, a, lda, b, ldb, c, ldc, a_type, b_type, c_type);
}
