/* SPDX-License-Identifier: MIT */
/* f64: products of matrices. */
#include "kernel.h"

#define SIDE 40

static double a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];

KERNEL(matmul)
{
    uint32_t state = seed(n);
    double trace = 0;

    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = (double)(random32(&state) >> 12) / 1048576.0 - 0.5;
            b[i][j] = (double)(random32(&state) >> 12) / 1048576.0 - 0.5;
        }
    }
    for (int32_t round = 0; round < n; round++) {
        for (int i = 0; i < SIDE; i++) {
            for (int j = 0; j < SIDE; j++) {
                double sum = 0;

                for (int k = 0; k < SIDE; k++) {
                    sum += a[i][k] * b[k][j];
                }
                c[i][j] = sum;
            }
        }
        trace += c[round % SIDE][(round * 7) % SIDE];
        a[round % SIDE][3] = trace / (round + 2);
    }
    return (int64_t)(trace * 1e9);
}
