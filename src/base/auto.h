#ifndef BASE_AUTO_H
#define BASE_AUTO_H

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

/* An fd that is closed when it leaves scope; -1 stands for none. */
#define DV_AUTO_CLOSE	__attribute__((cleanup(auto_close)))
/* A char * or other pointer from malloc, freed when it leaves scope. */
#define DV_AUTO_FREE	__attribute__((cleanup(auto_free)))
/* A DIR *, closed when it leaves scope; NULL stands for none. */
#define DV_AUTO_DIR	__attribute__((cleanup(auto_closedir)))

static inline void auto_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void auto_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void auto_closedir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#endif
