import io.trino.server.Server;

/** Starts Trino, as its own launcher does; the argument is the version. */
public class TrinoServer {
    public static void main(String[] arguments) {
        new Server().start(arguments[0]);
    }
}
