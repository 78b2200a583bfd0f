/* SPDX-License-Identifier: MIT-0
 *
 * What gdb looks at: a list that is built on the heap, and a stack 40 frames deep.
 */
#include <stdio.h>
#include <stdlib.h>

struct node {
    struct node *next;
    int value;
    char name[24];
};

static struct node *build(int count)
{
    struct node *first = NULL;
    for (int i = 0; i < count; i++) {
        struct node *node = malloc(sizeof *node);
        if (node == NULL) abort();
        node->next = first;
        node->value = i * i;
        snprintf(node->name, sizeof node->name, "node %d", i);
        first = node;
    }
    return first;
}

static int dive(const struct node *node, int depth)
{
    if (depth == 0 || node == NULL) return 0;
    return node->value + dive(node->next, depth - 1);
}

int main(void)
{
    struct node *list = build(1000);
    printf("%d\n", dive(list, 40));
    while (list != NULL) {
        struct node *next = list->next;
        free(list);
        list = next;
    }
    return 0;
}
