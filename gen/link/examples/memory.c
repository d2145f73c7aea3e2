/* Writes a pattern to a board's memory, reads it back and prints the board's state: memory PORT BAUD */
#include "cortado_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failed(const char *what)
{
    char text[256];
    cortado_message(text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
    return EXIT_FAILURE;
}

int main(int count, char **arguments)
{
    cortado_board *board;
    cortado_status status;
    uint8_t sent[512], came[512];
    size_t i;

    if (count != 3) {
        fprintf(stderr, "memory PORT BAUD\n");
        return 2;
    }
    if (cortado_open(arguments[1], (uint32_t)strtoul(arguments[2], NULL, 10), &board) != CORTADO_OK)
        return failed(arguments[1]);
    for (i = 0; i < sizeof sent; ++i)
        sent[i] = (uint8_t)(i * 7 + (i >> 8));
    if (cortado_write(board, 1024, sent, sizeof sent) != CORTADO_OK ||
        cortado_read(board, 1024, came, sizeof came) != CORTADO_OK ||
        cortado_get_status(board, &status) != CORTADO_OK) {
        cortado_close(board);
        return failed("memory");
    }
    printf("%s, beats of %u bytes, 2^%u bytes, engine %08lx\n", memcmp(sent, came, sizeof sent) ? "different" : "equal",
           (unsigned)status.port_bytes, (unsigned)status.memory_bits, (unsigned long)status.identity);
    cortado_close(board);
    return EXIT_SUCCESS;
}
