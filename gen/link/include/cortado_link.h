/*
 * A host's side of a Cortado board, over a serial port. docs/link.md says what goes down the line.
 *
 * Build:  cargo build --release -p cortado-link
 *         cc -Igen/link/include mine.c target/release/libcortado_link.a -lpthread -ldl -lm
 *
 * Every function returns CORTADO_OK or why not; cortado_message then has the words. A board belongs to one thread at a
 * time. Addresses and counts are bytes, and multiples of the status' port_bytes.
 */
#ifndef CORTADO_LINK_H
#define CORTADO_LINK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CORTADO_OK = 0,
    CORTADO_PORT = 1,    /* the serial port could not be opened, read or written */
    CORTADO_SILENT = 2,  /* no answer; what was done before stays done */
    CORTADO_LOST = 3,    /* the board was reset, or another program uses it */
    CORTADO_REFUSED = 4, /* the board will not do it: START while a program runs */
    CORTADO_REQUEST = 5, /* asked for what cannot be; nothing was sent */
    CORTADO_VERSION = 6, /* the board speaks another version of the link */
    CORTADO_RUNNING = 7  /* the program has not ended in the time given */
};

typedef struct cortado_board cortado_board;

typedef struct {
    uint8_t version;      /* of the link's rules */
    uint8_t port_bytes;   /* bytes of a beat */
    uint8_t memory_bits;  /* external memory has 2 to this many bytes */
    uint8_t busy;         /* 1: a program runs */
    uint8_t memory_ready; /* 1: external memory may be used */
    uint8_t error;        /* of the last run; 0: it ended well */
    uint32_t cycles;      /* of the last run, from start to end */
    uint32_t identity;    /* of the engine: the lower half of its architecture's hash */
} cortado_status;

/* Opens the port and finds the board on it. *board is for cortado_close, and NULL unless CORTADO_OK is returned. */
int cortado_open(const char *path, uint32_t baud, cortado_board **board);
/* Closes the port; the board goes on. NULL is allowed. */
void cortado_close(cortado_board *board);

/* Asks for the state. */
int cortado_get_status(cortado_board *board, cortado_status *status);
/* Writes count bytes to external memory. */
int cortado_write(cortado_board *board, uint32_t address, const uint8_t *bytes, size_t count);
/* Reads count bytes of external memory. */
int cortado_read(cortado_board *board, uint32_t address, uint8_t *bytes, size_t count);
/* Starts the program at address. */
int cortado_start(cortado_board *board, uint32_t address);
/* Waits for the program's end, at most so many milliseconds; status may be NULL. */
int cortado_wait(cortado_board *board, uint32_t milliseconds, cortado_status *status);
/* Stops whatever runs and makes the engine ready to start; memory stays. */
int cortado_reset(cortado_board *board);

/* The words of this thread's last failure, cut to size - 1 bytes and a zero; returns the length uncut. */
size_t cortado_message(char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
