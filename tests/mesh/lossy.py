"""A proxy that hands every request on and loses some of the answers: what a network does at the worst moment.

Nothing but the standard library. Run as a program: port to listen on, port of the server, folder of certificates, seed,
share of answers to lose, file to write the number of lost answers to.
"""

import random
import ssl
import sys
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients are killed in the middle of a request: that is what this is for."""


def body_of(request: BaseHTTPRequestHandler) -> bytes:
    """The body, whether its length was told or it comes in chunks."""
    if "chunked" not in request.headers.get("Transfer-Encoding", ""):
        return request.rfile.read(int(request.headers.get("Content-Length", 0)))
    parts = []
    while size := int(request.rfile.readline(), 16):
        parts.append(request.rfile.read(size))
        request.rfile.readline()
    request.rfile.readline()
    return b"".join(parts)


def serve(port: int, server_port: int, pki: Path, chance: random.Random, share: float, told: Path) -> None:
    """Hand requests on until killed."""
    lost = [0]

    class Lossy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 20

        def _hand_on(self) -> None:
            body = body_of(self)
            dropped = {"transfer-encoding", "content-length", "connection"}
            headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
            onward = HTTPSConnection("localhost", server_port, timeout=20, context=trusting)
            onward.request(self.command, self.path, body=body, headers=headers)
            answer = onward.getresponse()
            content = answer.read()
            onward.close()
            if chance.random() < share:
                lost[0] += 1
                told.write_text(str(lost[0]))
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in dropped:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _hand_on

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    trusting = ssl.create_default_context(cafile=str(pki / "ca.pem"))
    trusting.load_cert_chain(pki / "client.pem", pki / "client.key")
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    asking.load_cert_chain(pki / "server.pem", pki / "server.key")
    asking.load_verify_locations(pki / "ca.pem")
    asking.verify_mode = ssl.CERT_REQUIRED
    server = Quiet(("127.0.0.1", port), Lossy)
    # The handshake belongs in the request's own thread: a client killed in it must not hold up the others.
    server.socket = asking.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


if __name__ == "__main__":
    listening, behind, certificates, seed, portion, file = sys.argv[1:]
    serve(int(listening), int(behind), Path(certificates), random.Random(int(seed)), float(portion), Path(file))
