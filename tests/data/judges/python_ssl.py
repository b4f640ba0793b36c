"""Asks Python's ssl module what it makes of servers.

usage: python_ssl.py ROOTS HOST:PORT...   prints one line for each: accepted, or rejected and why
"""
import socket
import ssl
import sys

for place in sys.argv[2:]:
    host, port = place.rsplit(":", 1)
    try:
        context = ssl.create_default_context(cafile=sys.argv[1])
        with socket.create_connection((host, int(port)), timeout=30) as tcp:
            with context.wrap_socket(tcp, server_hostname=host):
                print("accepted")
    except OSError as error:
        print("rejected: " + " ".join(str(error).split()))
