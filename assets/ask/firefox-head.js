// One HEAD request, made by Firefox's own network code: no cookies, no passwords, no cache, no redirection.
// Answers with the name of how it ended, the status of HTTP, and the code of a fault of TLS.
const [url, done] = arguments;
let channel;
const tell = (status) => {
  const http = () => { try { return channel.responseStatus; } catch { return 0; } };
  done([Components.Exception("", status).name, http(), channel.securityInfo?.errorCodeString ?? ""]);
};
channel = Services.io
  .newChannelFromURI(
    Services.io.newURI(url),
    null,
    Services.scriptSecurityManager.getSystemPrincipal(),
    null,
    Ci.nsILoadInfo.SEC_ALLOW_CROSS_ORIGIN_SEC_CONTEXT_IS_NULL,
    Ci.nsIContentPolicy.TYPE_OTHER
  )
  .QueryInterface(Ci.nsIHttpChannel);
channel.requestMethod = "HEAD";
channel.redirectionLimit = 0;
channel.loadFlags |= Ci.nsIRequest.LOAD_ANONYMOUS | Ci.nsIRequest.LOAD_BYPASS_CACHE | Ci.nsIRequest.INHIBIT_CACHING;
try {
  channel.asyncOpen({
    QueryInterface: ChromeUtils.generateQI(["nsIStreamListener"]),
    onStartRequest() {},
    onDataAvailable() {},
    onStopRequest(_request, status) { tell(status); },
  });
} catch (refused) {
  tell(refused.result);
}
