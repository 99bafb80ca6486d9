/* SPDX-License-Identifier: MIT */
/* f64 with square roots and divisions: bodies that attract each other. */
#include "kernel.h"

#define BODIES 6

static struct body {
    double x[3], v[3], mass;
} bodies[BODIES];

static void advance(double dt)
{
    for (int i = 0; i < BODIES; i++) {
        struct body *p = &bodies[i];

        for (int j = i + 1; j < BODIES; j++) {
            struct body *q = &bodies[j];
            double dx = p->x[0] - q->x[0], dy = p->x[1] - q->x[1], dz = p->x[2] - q->x[2];
            double square = dx * dx + dy * dy + dz * dz + 0.01;
            double force = dt / (square * __builtin_sqrt(square));

            p->v[0] -= dx * q->mass * force;
            p->v[1] -= dy * q->mass * force;
            p->v[2] -= dz * q->mass * force;
            q->v[0] += dx * p->mass * force;
            q->v[1] += dy * p->mass * force;
            q->v[2] += dz * p->mass * force;
        }
    }
    for (int i = 0; i < BODIES; i++) {
        for (int axis = 0; axis < 3; axis++) {
            bodies[i].x[axis] += dt * bodies[i].v[axis];
        }
    }
}

static double energy(void)
{
    double e = 0;

    for (int i = 0; i < BODIES; i++) {
        const struct body *p = &bodies[i];

        e += p->mass * (p->v[0] * p->v[0] + p->v[1] * p->v[1] + p->v[2] * p->v[2]) / 2;
        for (int j = i + 1; j < BODIES; j++) {
            const struct body *q = &bodies[j];
            double dx = p->x[0] - q->x[0], dy = p->x[1] - q->x[1], dz = p->x[2] - q->x[2];

            e -= p->mass * q->mass / __builtin_sqrt(dx * dx + dy * dy + dz * dz + 0.01);
        }
    }
    return e;
}

KERNEL(nbody)
{
    uint32_t state = seed(n);

    for (int i = 0; i < BODIES; i++) {
        for (int axis = 0; axis < 3; axis++) {
            bodies[i].x[axis] = (double)(random32(&state) & 0xffff) / 4096.0 - 8.0;
            bodies[i].v[axis] = (double)(random32(&state) & 0xffff) / 65536.0 - 0.5;
        }
        bodies[i].mass = i == 0 ? 4.0 : 0.125 * i;
    }
    for (int32_t i = 0; i < n; i++) {
        advance(0.001);
    }
    return (int64_t)(energy() * 1e9);
}
