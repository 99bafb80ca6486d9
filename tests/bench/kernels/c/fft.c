/* SPDX-License-Identifier: MIT */
/* f32 with strides: a fast Fourier transform of 512 complex numbers and back. */
#include "kernel.h"

#define LOG 9
#define SIZE (1 << LOG)

static float re[SIZE], im[SIZE], cosine[SIZE / 2], sine[SIZE / 2];

/* Roots of unity by half angles, as there is no library here. */
static void make_roots(void)
{
    double c = -1.0, s = 0.0;

    cosine[0] = 1.0f;
    sine[0] = 0.0f;
    for (int step = SIZE / 4; step >= 1; step /= 2) {
        double half = __builtin_sqrt((1.0 + c) / 2.0);

        s = step == SIZE / 4 ? 1.0 : s / (2.0 * half);
        c = half;
        for (int i = step; i < SIZE / 2; i += 2 * step) {
            int base = i - step;

            cosine[i] = (float)(cosine[base] * c - sine[base] * s);
            sine[i] = (float)(sine[base] * c + cosine[base] * s);
        }
    }
}

static void transform(float sign)
{
    for (int i = 1, j = 0; i < SIZE; i++) {
        int bit = SIZE >> 1;

        for (; j & bit; bit >>= 1) {
            j ^= bit;
        }
        j ^= bit;
        if (i < j) {
            float t = re[i];

            re[i] = re[j];
            re[j] = t;
            t = im[i];
            im[i] = im[j];
            im[j] = t;
        }
    }
    for (int length = 2; length <= SIZE; length *= 2) {
        int step = SIZE / length, half = length / 2;

        for (int start = 0; start < SIZE; start += length) {
            for (int k = 0; k < half; k++) {
                float wr = cosine[k * step], wi = sign * sine[k * step];
                int lo = start + k, hi = lo + half;
                float tr = re[hi] * wr - im[hi] * wi, ti = re[hi] * wi + im[hi] * wr;

                re[hi] = re[lo] - tr;
                im[hi] = im[lo] - ti;
                re[lo] += tr;
                im[lo] += ti;
            }
        }
    }
}

KERNEL(fft)
{
    uint32_t state = seed(n), sum = 0;

    make_roots();
    for (int32_t round = 0; round < n; round++) {
        for (int i = 0; i < SIZE; i++) {
            re[i] = (float)(random32(&state) >> 16) / 65536.0f;
            im[i] = 0.0f;
        }
        transform(-1.0f);
        sum = mix(sum, (uint32_t)(int32_t)(re[round % SIZE] * 64.0f));
        transform(1.0f);
        sum = mix(sum, (uint32_t)(int32_t)(re[5] * 16.0f) ^ (uint32_t)(int32_t)(im[7] * 16.0f));
    }
    return sum;
}
