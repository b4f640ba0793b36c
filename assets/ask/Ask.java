import java.net.*;
import java.net.http.*;

public class Ask {
    public static void main(String[] a) {
        try {
            if (a[0].equals("url")) {
                HttpURLConnection c = (HttpURLConnection) URI.create(a[1]).toURL().openConnection();
                c.setRequestMethod("HEAD");
                c.setConnectTimeout(8000);
                c.setReadTimeout(8000);
                c.getResponseCode();
            } else {
                HttpRequest r = HttpRequest.newBuilder(URI.create(a[1]))
                    .method("HEAD", HttpRequest.BodyPublishers.noBody()).build();
                HttpClient.newHttpClient().send(r, HttpResponse.BodyHandlers.discarding());
            }
        } catch (Exception e) {
            Throwable root = e;
            while (root.getCause() != null) root = root.getCause();
            System.err.println(e);
            System.err.println(root == e ? "" : root);
            System.exit(1);
        }
    }
}
