/* Dense layers of CUBA neurons with AVX-512: what a compiled extension could do. */
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

enum { WIDEST = 1024, LIMIT = 1 << 23, WRAP = 1 << 24 };

typedef struct {
    int64_t inputs, outputs, width; /* width: outputs, padded to passes */
    /* [input][width], halved: in each vector the first half in even bytes, 128 higher, the second
       in odd ones, so that 16 bits hold a weight of each. */
    const int8_t *weights;
    int32_t current, voltage;       /* what is left in a step, in 4096ths */
    int32_t threshold;              /* 64ths */
} Layer;

/* State * factor / 4096 toward zero; |state| < 2^27, factor <= 4096. */
static inline __m512i scaled(__m512i state, __m512i factor) {
    const __m512i rest = _mm512_set1_epi32(4095);
    __m512i toward_zero = _mm512_and_si512(_mm512_srai_epi32(state, 31), rest);
    __m512i high = _mm512_madd_epi16(_mm512_srai_epi32(state, 12), factor);
    __m512i low = _mm512_madd_epi16(_mm512_and_si512(state, rest), factor);
    return _mm512_add_epi32(high, _mm512_srli_epi32(_mm512_add_epi32(low, toward_zero), 12));
}

static inline uint16_t update(const Layer *layer, int32_t *current, int32_t *voltage, __m512i sum) {
    const __m512i most = _mm512_set1_epi32(LIMIT), least = _mm512_set1_epi32(1 - LIMIT);
    const __m512i turn = _mm512_set1_epi32(WRAP);
    __m512i held = _mm512_loadu_si512(current);
    __m512i total = _mm512_add_epi32(
        scaled(held, _mm512_set1_epi32(layer->current)), _mm512_slli_epi32(sum, 7));
    __mmask16 above = _mm512_cmpgt_epi32_mask(total, most);
    __mmask16 below = _mm512_cmplt_epi32_mask(total, least);
    total = _mm512_mask_sub_epi32(total, above, total, turn);
    total = _mm512_mask_add_epi32(total, below, total, turn);
    _mm512_storeu_si512(current, total);
    __m512i level = _mm512_add_epi32(
        scaled(_mm512_loadu_si512(voltage), _mm512_set1_epi32(layer->voltage)), total);
    level = _mm512_max_epi32(level, least);
    level = _mm512_min_epi32(level, _mm512_set1_epi32(LIMIT - 1));
    __mmask16 spike = _mm512_cmpgt_epi32_mask(level, _mm512_set1_epi32(layer->threshold));
    _mm512_storeu_si512(voltage, _mm512_maskz_mov_epi32((__mmask16)~spike, level));
    return spike;
}

/* Add the weights of who spiked, and update the neurons: vectors of 64 from one neuron on. */
#define PASS(name, VECTORS)                                                                       \
    static void name(const Layer *layer, int64_t from, const int32_t *found, int64_t count,       \
                     int32_t *current, int32_t *voltage, uint16_t *bits) {                        \
        __m512i both[VECTORS], second[VECTORS];                                                   \
        _Pragma("GCC unroll 16") for (int k = 0; k < VECTORS; k++) both[k] = second[k] =          \
            _mm512_setzero_si512();                                                               \
        for (int64_t i = 0; i < count; i++) {                                                     \
            const int8_t *row = layer->weights + found[i] * layer->width + from;                  \
            _Pragma("GCC unroll 16") for (int k = 0; k < VECTORS; k++) {                          \
                __m512i pair = _mm512_load_si512(row + 64 * k);                                   \
                both[k] = _mm512_add_epi16(both[k], pair);                                        \
                second[k] = _mm512_add_epi16(second[k], _mm512_srai_epi16(pair, 8));              \
            }                                                                                     \
        }                                                                                         \
        __m512i raised = _mm512_set1_epi16((short)(128 * count));                                 \
        _Pragma("GCC unroll 16") for (int k = 0; k < VECTORS; k++) {                              \
            __m512i first = _mm512_sub_epi16(                                                     \
                _mm512_sub_epi16(both[k], _mm512_slli_epi16(second[k], 8)), raised);              \
            int64_t j = from + 64 * k;                                                            \
            bits[j / 16] = update(layer, current + j, voltage + j, wide(first, 0));               \
            bits[j / 16 + 1] = update(layer, current + j + 16, voltage + j + 16, wide(first, 1)); \
            bits[j / 16 + 2] = update(layer, current + j + 32, voltage + j + 32, wide(second[k], 0)); \
            bits[j / 16 + 3] = update(layer, current + j + 48, voltage + j + 48, wide(second[k], 1)); \
        }                                                                                         \
    }

static inline __m512i wide(__m512i sums, int half) {
    return _mm512_cvtepi16_epi32(half ? _mm512_extracti64x4_epi64(sums, 1)
                                      : _mm512_castsi512_si256(sums));
}

PASS(ten, 10)
PASS(four, 4)

/* Of a sample: spikes [feature][step] to bits [step][feature]. */
static void gather(const uint8_t *spikes, int64_t features, int64_t steps, uint64_t *bits) {
    int64_t words = (features + 63) / 64;
    memset(bits, 0, (size_t)(8 * steps * words));
    __mmask64 there = steps == 64 ? ~0ull : (1ull << steps) - 1;
    for (int64_t f = 0; f < features; f++) {
        __m512i row = _mm512_maskz_loadu_epi8(there, spikes + f * steps);
        for (uint64_t when = _mm512_test_epi8_mask(row, row); when; when &= when - 1)
            bits[__builtin_ctzll(when) * words + f / 64] |= 1ull << (f & 63);
    }
}

static int64_t list(const uint64_t *bits, int64_t words, int32_t *found) {
    int64_t count = 0;
    for (int64_t w = 0; w < words; w++)
        for (uint64_t who = bits[w]; who; who &= who - 1)
            found[count++] = (int32_t)(64 * w + __builtin_ctzll(who));
    return count;
}

static void run_layer(const Layer *layer, int64_t steps, const uint64_t *in, uint64_t *out,
                      uint8_t *spikes) {
    static _Thread_local int32_t current[WIDEST], voltage[WIDEST], found[WIDEST];
    int64_t words = (layer->inputs + 63) / 64, sent = (layer->outputs + 63) / 64;
    memset(current, 0, sizeof current);
    memset(voltage, 0, sizeof voltage);
    memset(spikes, 0, (size_t)(layer->outputs * steps));
    for (int64_t t = 0; t < steps; t++) {
        int64_t count = t ? list(in + (t - 1) * words, words, found) : 0, from = 0;
        uint16_t *bits = (uint16_t *)(out + t * sent);
        for (; from + 640 <= layer->width; from += 640)
            ten(layer, from, found, count, current, voltage, bits);
        for (; from < layer->width; from += 256)
            four(layer, from, found, count, current, voltage, bits);
        for (int64_t w = 0; w < sent; w++)
            for (uint64_t who = out[t * sent + w]; who; who &= who - 1)
                spikes[(64 * w + __builtin_ctzll(who)) * steps + t] = 1;
    }
}

void run(const Layer *layers, int64_t count, int64_t samples, int64_t steps, const uint8_t *spikes,
         uint8_t *const *results) {
    static _Thread_local uint64_t one[64 * WIDEST / 64], two[64 * WIDEST / 64];
    for (int64_t s = 0; s < samples; s++) {
        uint64_t *in = one, *out = two, *kept;
        gather(spikes + s * layers[0].inputs * steps, layers[0].inputs, steps, in);
        for (int64_t k = 0; k < count; k++) {
            run_layer(layers + k, steps, in, out, results[k] + s * layers[k].outputs * steps);
            kept = in, in = out, out = kept;
        }
    }
}
