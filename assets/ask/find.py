import json, platform, ssl, sys, sysconfig
try:
    from importlib.metadata import version
except ImportError:
    def version(name):
        return __import__(name).__version__
found = {}
for name in ("requests", "httpx", "aiohttp", "urllib3", "pip"):
    try:
        found[name] = version(name)
    except Exception:
        pass
print(json.dumps({
    "program": sys.executable,
    "python": platform.python_version(),
    "openssl": ssl.OPENSSL_VERSION,
    "own_suites": "default-suites=openssl" not in str(sysconfig.get_config_var("CONFIG_ARGS")),
    "packages": found,
}))
