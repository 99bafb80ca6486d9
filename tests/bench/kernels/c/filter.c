/* SPDX-License-Identifier: MIT */
/* f32 products and sums: a filter with 32 coefficients, a biquad section, an envelope, as audio and control code has. */
#include "kernel.h"

#define TAPS 32
#define SAMPLES 256

static float taps[TAPS], history[TAPS + SAMPLES], output[SAMPLES];

static float dot(const float *a, const float *b, int n)
{
    float sum = 0;

    for (int i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

KERNEL(filter)
{
    uint32_t state = seed(n), sum = 0;
    float z1 = 0, z2 = 0, envelope = 0;

    for (int i = 0; i < TAPS; i++) {
        taps[i] = (float)(random32(&state) & 0xffff) / 1048576.0f;
    }
    for (int i = 0; i < TAPS; i++) {
        history[SAMPLES + i] = 0;
    }
    for (int32_t round = 0; round < n; round++) {
        for (int i = 0; i < TAPS; i++) {
            history[i] = history[SAMPLES + i];
        }
        for (int i = 0; i < SAMPLES; i++) {
            history[TAPS + i] = (float)(int32_t)random32(&state) / 2147483648.0f;
        }
        for (int i = 0; i < SAMPLES; i++) {
            float x = dot(taps, history + i + 1, TAPS);
            float y = 0.2f * x + z1, level;

            z1 = 0.3f * x + 0.6f * y + z2;
            z2 = 0.2f * x - 0.3f * y;
            level = __builtin_fabsf(y);
            envelope += (level - envelope) * (level > envelope ? 0.1f : 0.001f);
            output[i] = y * (1.0f - envelope);
        }
        sum = mix(sum, (uint32_t)(int32_t)(output[round & (SAMPLES - 1)] * 1e6f));
    }
    return mix(sum, (uint32_t)(int32_t)(envelope * 1e6f));
}
