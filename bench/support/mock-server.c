/*
 * The least that can be a user's server: answers every request with 200. One page of memory and no interpreter, so that
 * a bench with hundreds of servers measures the hub that starts them. It does no handshake: it has nothing to guard.
 * Reads JUPYTERHUB_SERVICE_URL (http://host:port/prefix/). Ends by SIGTERM's default.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 64, BUFFER = 4096 };

static const char ANSWER[] =
    "HTTP/1.1 200 OK\r\nX-JupyterHub-Version: 6.1.1\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nmock";

static int port_of(const char *url) {
  const char *colon = url ? strrchr(url, ':') : NULL;
  return colon ? atoi(colon + 1) : 0;
}

/* Answers once for each empty line seen: clients here send no bodies. */
static int serve(int fd) {
  char bytes[BUFFER];
  ssize_t count = read(fd, bytes, sizeof bytes);
  if (count <= 0) return 0;
  for (ssize_t at = 3; at < count; at += 1) {
    if (memcmp(bytes + at - 3, "\r\n\r\n", 4) == 0 && write(fd, ANSWER, sizeof ANSWER - 1) < 0) return 0;
  }
  return 1;
}

int main(void) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  struct pollfd open[CONNECTIONS + 1];
  int used = 1, yes = 1;
  address.sin_port = htons(port_of(getenv("JUPYTERHUB_SERVICE_URL")));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  open[0].fd = socket(AF_INET, SOCK_STREAM, 0);
  open[0].events = POLLIN;
  setsockopt(open[0].fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(open[0].fd, (struct sockaddr *)&address, sizeof address) || listen(open[0].fd, 64)) {
    perror("mock-server");
    return 1;
  }
  for (;;) {
    if (poll(open, used, -1) < 0) return 1;
    for (int at = used - 1; at > 0; at -= 1) {
      if (open[at].revents == 0 || serve(open[at].fd)) continue;
      close(open[at].fd);
      open[at] = open[--used];
    }
    if (open[0].revents == 0) continue;
    int fd = accept(open[0].fd, NULL, NULL);
    if (fd >= 0 && used <= CONNECTIONS) open[used++] = (struct pollfd){.fd = fd, .events = POLLIN};
    else if (fd >= 0) close(fd);
  }
}
