"""A server for one test: speaks PROTOCOL in the clear, starts TLS when asked to, and prints its port.

usage: starttls.py PROTOCOL CERT KEY [NO_TLS]
"""
import socket
import ssl
import struct
import sys
import threading

protocol, certificate, key = sys.argv[1:4]
refuse = len(sys.argv) > 4

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)


def line(connection):
    """One line, without a byte of what comes after it."""
    seen = b""
    while not seen.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            raise EOFError
        seen += byte
    return seen.strip().upper()


def exactly(connection, count):
    seen = b""
    while len(seen) < count:
        more = connection.recv(count - len(seen))
        if not more:
            raise EOFError
        seen += more
    return seen


def smtp(c):
    # Two writes of a banner of two lines, as slow servers do.
    c.sendall(b"220-mail.example.test ESMTP\r\n220 at your ")
    c.sendall(b"service\r\n")
    while True:
        words = line(c)
        if words.startswith(b"EHLO"):
            c.sendall(b"250-mail.example.test\r\n250-SIZE 1000\r\n250 STARTTLS\r\n")
        elif words == b"STARTTLS":
            c.sendall(b"454 4.7.0 no TLS today\r\n" if refuse else b"220 go ahead\r\n")
            return not refuse


def imap(c):
    c.sendall(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n")
    tag, command = line(c).split()[:2]
    assert command == b"STARTTLS", command
    c.sendall(b"* CAPABILITY IMAP4rev1\r\n")
    c.sendall(tag.lower() + (b" NO not now\r\n" if refuse else b" OK begin\r\n"))
    return not refuse


def pop3(c):
    c.sendall(b"+OK POP3 ready\r\n")
    assert line(c) == b"STLS"
    c.sendall(b"-ERR not here\r\n" if refuse else b"+OK begin\r\n")
    return not refuse


def ftp(c):
    # The middle of a reply of several lines needs no code (RFC 959).
    c.sendall(b"220-Welcome to the FTP server\r\n  of the test\r\n220 ready\r\n")
    assert line(c) == b"AUTH TLS"
    c.sendall(b"534 no\r\n" if refuse else b"234 begin\r\n")
    return not refuse


def postgres(c):
    request = exactly(c, 8)
    if request != struct.pack("!II", 8, 80877103):
        return False  # hangs up without a word, as PostgreSQL does
    c.sendall(b"N" if refuse else b"S")
    return not refuse


def mysql(c):
    capabilities = 0xF7FF if refuse else 0xFFFF
    greeting = b"\x0a8.0.36\0" + struct.pack("<I", 7) + b"12345678\0"
    greeting += struct.pack("<H", capabilities) + b"\xff\x02\0" + b"\xff\xdf\x15" + b"\0" * 10
    greeting += b"123456789012\0mysql_native_password\0"
    c.sendall(struct.pack("<I", len(greeting))[:3] + b"\0" + greeting)
    head = exactly(c, 4)
    body = exactly(c, head[0] | head[1] << 8 | head[2] << 16)
    assert len(body) == 32 and struct.unpack("<I", body[:4])[0] & 0x800, body
    return True


def ldap(c):
    head = exactly(c, 2)
    if head[0] != 0x30:
        return False
    body = exactly(c, head[1])
    assert b"1.3.6.1.4.1.1466.20037" in body, body
    code = b"\x02" if refuse else b"\x00"
    # Lengths in four bytes, as Active Directory writes them.
    inner = b"\x0a\x01" + code + b"\x04\x00\x04\x00"
    response = b"\x02\x01\x01\x78\x84" + struct.pack("!I", len(inner)) + inner
    c.sendall(b"\x30\x84" + struct.pack("!I", len(response)) + response)
    return not refuse


def serve(connection):
    with connection:
        try:
            if globals()[protocol](connection):
                with context.wrap_socket(connection, server_side=True) as tls:
                    while tls.recv(4096):
                        pass
            else:
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass
        except (OSError, EOFError, ValueError):
            pass


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
