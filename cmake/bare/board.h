/* SPDX-License-Identifier: MIT */
/**
 * @file board.h
 * @brief What a bare board offers to a program: a console, an end, and figures.
 *
 * board.c implements the part that all boards share. <board>/board.c implements board_init(), board_putc() and
 * board_exit(); <board>/link.ld places the sections and defines the symbols that board.c uses; the vector table or entry
 * in <board>/ sets the stack pointer and calls board_start().
 */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>

/** @brief Makes the console usable; called once before main(). */
void board_init(void);

/** @brief Writes one character to the console; waits for room. ISR-ok. */
void board_putc(char c);

/** @brief Ends the program with a status that the emulator returns to its caller. ISR-ok. */
_Noreturn void board_exit(int status);

/** @brief Writes text to the console. ISR-ok. @param text need not end with a zero. */
void board_write(const char *text, size_t bytes);

/** @brief Prints what happened and two numbers in hexadecimal, then ends the program with status 3. For fault handlers. */
_Noreturn void board_fault(const char *what, size_t cause, size_t where);

/** @brief Most bytes of C stack that have been in use since the start. */
size_t board_stack_peak(void);

/** @brief Prints peak C stack and static RAM (.data and .bss; the stack is not in it). */
void board_report(void);

/** @brief Entry from the reset code: initialises .data and .bss, paints the stack, runs main(), ends with what it returns. */
_Noreturn void board_start(void);

#endif /* BOARD_H */
