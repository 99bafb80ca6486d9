// SPDX-License-Identifier: MIT
// What a controller computes: filters, PID, a Kalman filter, FFT, and sensors behind a table of functions.
#include "base.h"

struct biquad {
    float b0, b1, b2, a1, a2, x1, x2, y1, y2;
};
static float absolute(float x) { return x < 0 ? -x : x; }
static double root(double x) { return __builtin_sqrt(x); }

// Sine by a polynomial on a quarter turn; the turn is reduced first.
static float sine(float x) {
    const float turn = 6.2831853f;
    float n = __builtin_floorf(x / turn + 0.5f);
    x -= n * turn;
    if (x > 1.5707963f) x = 3.1415927f - x;
    if (x < -1.5707963f) x = -3.1415927f - x;
    float s = x * x;
    return x * (1 + s * (-1.0f / 6 + s * (1.0f / 120 + s * (-1.0f / 5040 + s / 362880))));
}
static float cosine(float x) { return sine(x + 1.5707963f); }

EXPORT("biquad_lowpass") void biquad_lowpass(struct biquad *f, float rate, float corner, float q) {
    float w = 6.2831853f * corner / rate, alpha = sine(w) / (2 * q), c = cosine(w), a0 = 1 + alpha;
    f->b1 = (1 - c) / a0;
    f->b0 = f->b2 = f->b1 / 2;
    f->a1 = -2 * c / a0;
    f->a2 = (1 - alpha) / a0;
    f->x1 = f->x2 = f->y1 = f->y2 = 0;
}
EXPORT("biquad_run") void biquad_run(struct biquad *f, float *samples, size n) {
    for (size i = 0; i < n; i++) {
        float x = samples[i];
        float y = f->b0 * x + f->b1 * f->x1 + f->b2 * f->x2 - f->a1 * f->y1 - f->a2 * f->y2;
        f->x2 = f->x1, f->x1 = x, f->y2 = f->y1, f->y1 = y;
        samples[i] = y;
    }
}

struct pid {
    float kp, ki, kd, low, high, sum, last, slope;
    u32 saturated;
};
EXPORT("pid_step") float pid_step(struct pid *c, float target, float value, float dt) {
    float e = target - value;
    float d = (value - c->last) / dt;
    c->slope += 0.2f * (d - c->slope);
    c->last = value;
    float out = c->kp * e + c->ki * (c->sum + e * dt) - c->kd * c->slope;
    if (out > c->high) {
        out = c->high;
        c->saturated++;
        if (e < 0) c->sum += e * dt;
    } else if (out < c->low) {
        out = c->low;
        c->saturated++;
        if (e > 0) c->sum += e * dt;
    } else {
        c->sum += e * dt;
    }
    return out;
}

// Position and speed from noisy positions.
struct kalman {
    double x[2], p[2][2], q, r;
};
EXPORT("kalman_step") double kalman_step(struct kalman *k, double measured, double dt) {
    double p00 = k->p[0][0] + dt * (k->p[1][0] + k->p[0][1] + dt * k->p[1][1]) + k->q * dt * dt * dt / 3;
    double p01 = k->p[0][1] + dt * k->p[1][1] + k->q * dt * dt / 2;
    double p10 = k->p[1][0] + dt * k->p[1][1] + k->q * dt * dt / 2;
    double p11 = k->p[1][1] + k->q * dt;
    double x = k->x[0] + dt * k->x[1], v = k->x[1];
    double s = p00 + k->r, g0 = p00 / s, g1 = p10 / s, e = measured - x;
    k->x[0] = x + g0 * e;
    k->x[1] = v + g1 * e;
    k->p[0][0] = (1 - g0) * p00;
    k->p[0][1] = (1 - g0) * p01;
    k->p[1][0] = p10 - g1 * p00;
    k->p[1][1] = p11 - g1 * p01;
    return e * e > 9 * s ? root(e * e / s) : 0;
}

EXPORT("fft") void fft(float *re, float *im, u32 log2n) {
    u32 n = 1u << log2n;
    for (u32 i = 1, j = 0; i < n; i++) {
        u32 bit = n >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
        if (i < j) {
            float t = re[i];
            re[i] = re[j], re[j] = t;
            t = im[i];
            im[i] = im[j], im[j] = t;
        }
    }
    for (u32 half = 1; half < n; half <<= 1) {
        float angle = -3.1415927f / (float)half, wr = cosine(angle), wi = sine(angle);
        for (u32 i = 0; i < n; i += 2 * half) {
            float cr = 1, ci = 0;
            for (u32 j = i; j < i + half; j++) {
                float tr = re[j + half] * cr - im[j + half] * ci, ti = re[j + half] * ci + im[j + half] * cr;
                re[j + half] = re[j] - tr, im[j + half] = im[j] - ti;
                re[j] += tr, im[j] += ti;
                float next = cr * wr - ci * wi;
                ci = cr * wi + ci * wr, cr = next;
            }
        }
    }
}

// FIR in 1.15 fixed point, with saturation.
EXPORT("fir_q15") void fir_q15(const i16 *taps, size n_taps, const i16 *in, i16 *out, size n) {
    for (size i = 0; i < n; i++) {
        i64 sum = 1 << 14;
        for (size j = 0; j < n_taps && j <= i; j++) sum += (i32)taps[j] * in[i - j];
        sum >>= 15;
        out[i] = (i16)(sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum);
    }
}

struct sensor {
    i32 (*read)(struct sensor *);
    float (*convert)(struct sensor *, i32);
    i32 raw, low, high;
    float value, gain, offset;
    u32 state;
};
__attribute__((import_module("env"), import_name("adc"))) i32 adc(i32 channel);

static i32 read_adc(struct sensor *s) { return adc((i32)s->state & 7); }
static i32 read_ramp(struct sensor *s) { return (i32)(s->state += 97) & 4095; }
static i32 read_noise(struct sensor *s) {
    s->state ^= s->state << 13, s->state ^= s->state >> 17, s->state ^= s->state << 5;
    return (i32)(s->state >> 20);
}
static float linear(struct sensor *s, i32 raw) { return s->gain * (float)raw + s->offset; }
static float thermistor(struct sensor *s, i32 raw) {
    if (raw <= 0) raw = 1;
    float ratio = 4095.0f / (float)raw - 1, x = (ratio - 1) / (ratio + 1), xx = x * x;
    float ln = 2 * x * (1 + xx * (1.0f / 3 + xx * (1.0f / 5 + xx / 7)));
    return 1 / (1 / 298.15f + ln / s->gain) - 273.15f + s->offset;
}
static float square_root(struct sensor *s, i32 raw) {
    float x = (float)raw - s->offset;
    return x <= 0 ? 0 : s->gain * __builtin_sqrtf(x);
}
static struct sensor sensors[8] = {
    {read_adc, linear, 0, 10, 4000, 0, 0.0008f, 0, 1},    {read_adc, thermistor, 0, 40, 4060, 0, 3950, 0, 2},
    {read_adc, square_root, 0, 0, 4095, 0, 0.5f, 80, 3},  {read_ramp, linear, 0, 0, 4095, 0, 0.1f, -40, 0},
    {read_noise, linear, 0, 0, 4095, 0, 0.01f, 0, 2463},  {read_noise, thermistor, 0, 100, 4000, 0, 3435, 1, 88},
    {read_ramp, square_root, 0, 0, 4095, 0, 2, 0, 1000},  {read_adc, linear, 0, 5, 4090, 0, 0.25f, -1, 7},
};
EXPORT("sensors_poll") u32 sensors_poll(void) {
    u32 bad = 0;
    for (u32 i = 0; i < COUNT(sensors); i++) {
        struct sensor *s = &sensors[i];
        i32 raw = s->read(s);
        if (raw < s->low || raw > s->high) {
            bad |= 1u << i;
            continue;
        }
        float v = s->convert(s, raw);
        s->value = absolute(v - s->value) > 100 ? v : s->value + 0.25f * (v - s->value);
        s->raw = raw;
    }
    return bad;
}
EXPORT("sensors_report") size sensors_report(char *to, size n) {
    struct out o = {to, to + n};
    for (u32 i = 0; i < COUNT(sensors); i++)
        out_format(&o, "%s\"s%u\":{\"raw\":%d,\"value\":%.3f}", i ? "," : "{", i, sensors[i].raw, (double)sensors[i].value);
    out_format(&o, "}");
    return (size)(o.at - to);
}
