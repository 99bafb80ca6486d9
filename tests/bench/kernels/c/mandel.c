/* SPDX-License-Identifier: MIT */
/* f64 in a loop with a data-dependent end: the Mandelbrot set. */
#include "kernel.h"

static uint32_t escape(double cr, double ci, uint32_t limit)
{
    double r = 0, i = 0;
    uint32_t n = 0;

    while (n < limit && r * r + i * i < 4.0) {
        double t = r * r - i * i + cr;

        i = 2 * r * i + ci;
        r = t;
        n++;
    }
    return n;
}

KERNEL(mandel)
{
    uint32_t sum = 0;

    for (int32_t row = 0; row < n; row++) {
        double ci = (double)((row * 37) % 64) / 32.0 - 1.0;

        for (int column = 0; column < 64; column++) {
            sum = mix(sum, escape((double)column / 24.0 - 2.0, ci, 100 + ((uint32_t)n & 7)));
        }
    }
    return sum;
}
