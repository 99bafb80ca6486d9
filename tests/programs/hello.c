/* SPDX-License-Identifier: MIT */
/* A program that knows nothing of WRT: clang --target=wasm32-wasi -O2 -o hello.wasm hello.c */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
    printf("hello from C, %d %s\n", argc, argv[argc - 1]);
    double *half = malloc(3 * sizeof *half);
    for (int i = 0; i < 3; i++) {
        half[i] = i / 2.0;
    }
    printf("%.1f %d\n", half[1], time(NULL) > 1700000000);
    return 4;
}
