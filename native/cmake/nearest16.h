// Read before ggml-quants.c, which finds the nearest of 16 values by halving, 31 times for each weight of IQ4_NL and
// IQ4_XS. Compilers make four dependent steps and a badly predicted loop of that; counting the values that are not above
// is as exact, and one comparison of vectors. GCC 12 then takes 60% of the time.
//
// best_index_int8 begins its definition as much as its calls. The token after the parenthesis tells them apart: the
// definition's is "int", the calls' 16. So the definition keeps its name, and the calls come here.
#include <stdint.h>

static inline int ggml4j_nearest(int n, const int8_t * values, float x) {
    if (x <= values[0]) {
        return 0;
    }
    if (x >= values[n - 1]) {
        return n - 1;
    }
    int above = 1;
    for (int i = 1; i < n - 1; ++i) {
        above += !(x < values[i]);
    }
    return x - values[above - 1] < values[above] - x ? above - 1 : above;
}

#define best_index_int8(n, values, x) GGML4J_NEAREST_##n, values, x)
#define GGML4J_NEAREST_int ggml4j_nearest_by_halving(int
#define GGML4J_NEAREST_16 ggml4j_nearest(16
