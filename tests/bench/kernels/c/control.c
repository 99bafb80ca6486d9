/* SPDX-License-Identifier: MIT */
/* What firmware does at each tick: tasks without arguments that know each other by static variables. A gate with motor and sensors. */
#include "kernel.h"

#define TASK static __attribute__((noinline)) void
#define BUTTONS 4

enum gate { CLOSED, OPENING, OPEN, CLOSING, FAULT };

/* Inputs, what has become of them, and outputs. */
static uint8_t raw[BUTTONS], stable[BUTTONS], held[BUTTONS];
static uint8_t is_blocked, was_blocked, lamp, horn, is_moving, overload;
static int16_t current, wanted_speed, speed, drive;
static int32_t position, integral, last_error, average;
static uint32_t ticks, opened, faults, next_close, noise;
static enum gate state;

TASK read_inputs(void)
{
    uint32_t r = random32(&noise);

    raw[0] ^= (r & 15) == 0;
    raw[1] ^= (r >> 5 & 31) == 0;
    raw[2] ^= (r >> 10 & 15) == 0;
    raw[3] = position <= 0;
    is_blocked = state == CLOSING && (r >> 20 & 0x3f) == 0;
    current = (int16_t)((drive < 0 ? -drive : drive) / 4 + (int)(r >> 26));
}

/* An input counts when it has been the same for three ticks. */
TASK debounce(void)
{
    for (int i = 0; i < BUTTONS; i++) {
        if (raw[i] == stable[i]) {
            held[i] = 0;
        } else if (++held[i] >= 3) {
            stable[i] = raw[i];
            held[i] = 0;
        }
    }
}

TASK watch_current(void)
{
    average += (current * 16 - average) / 8;
    if (average > 1100) {
        overload++;
    } else if (overload > 0) {
        overload--;
    }
    if (overload > 20 && state != FAULT) {
        state = FAULT;
        faults++;
        next_close = ticks + 50;
    }
}

TASK decide(void)
{
    switch (state) {
    case CLOSED:
        wanted_speed = 0;
        if (stable[0] || stable[1]) {
            state = OPENING;
            opened++;
        }
        break;
    case OPENING:
        wanted_speed = position < 800 ? 60 : 20;
        if (position >= 1000) {
            state = OPEN;
            next_close = ticks + 40;
        }
        break;
    case OPEN:
        wanted_speed = 0;
        if (stable[1]) {
            next_close = ticks + 40;
        } else if (ticks >= next_close) {
            state = CLOSING;
        }
        break;
    case CLOSING:
        wanted_speed = position > 200 ? -50 : -15;
        if (is_blocked && !was_blocked) {
            state = OPENING;
        } else if (stable[3]) {
            state = CLOSED;
        }
        break;
    case FAULT:
        wanted_speed = 0;
        if (stable[2] || ticks >= next_close) {
            state = position > 0 ? CLOSING : CLOSED;
            overload = 0;
        }
        break;
    }
    was_blocked = is_blocked;
}

TASK drive_motor(void)
{
    int32_t error = wanted_speed - speed;

    integral += error;
    if (integral > 400) {
        integral = 400;
    } else if (integral < -400) {
        integral = -400;
    }
    drive = (int16_t)(error * 6 + integral * 2 + (error - last_error));
    last_error = error;
    speed = (int16_t)(speed + (drive - speed * 3) / 16);
    position += speed;
    is_moving = speed != 0;
}

TASK signal(void)
{
    lamp = is_moving ? ticks >> 2 & 1 : state == FAULT;
    horn = state == CLOSING && is_moving && (ticks & 15) < 2;
}

KERNEL(control)
{
    uint32_t sum = 0;

    state = CLOSED;
    position = integral = last_error = average = 0;
    current = wanted_speed = speed = drive = 0;
    ticks = opened = faults = next_close = overload = was_blocked = 0;
    for (int i = 0; i < BUTTONS; i++) {
        raw[i] = stable[i] = held[i] = 0;
    }
    noise = seed(n);
    for (int32_t i = 0; i < n * 100; i++) {
        ticks++;
        read_inputs();
        debounce();
        watch_current();
        decide();
        drive_motor();
        signal();
        sum = mix(sum, ticks ^ (uint32_t)position << 8 ^ (uint32_t)state << 28 ^ (uint32_t)lamp << 6 ^ (uint32_t)horn << 7);
    }
    return (int64_t)((uint64_t)mix(sum, opened * 1000 + faults) << 16 | (opened & 0xffff));
}
