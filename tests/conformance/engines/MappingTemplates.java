import com.jayway.jsonpath.Configuration;
import com.jayway.jsonpath.DocumentContext;
import com.jayway.jsonpath.JsonPath;
import com.jayway.jsonpath.Option;
import java.io.StringWriter;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.minidev.json.JSONStyle;
import net.minidev.json.JSONValue;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.VelocityEngine;

/**
 * Renders mapping templates as API Gateway does: Velocity 1.7, with Jayway's JsonPath behind $input.
 *
 * The first argument is a file with a case a line, {"template", "body", "params", "context"}; the second one is where
 * the answers go, {"text", "context", "ms"} or {"fault"}. The body is parsed anew by every call of $input, the worst
 * that API Gateway can do.
 */
public class MappingTemplates {
    private static final Configuration JSON =
        Configuration.defaultConfiguration().addOptions(Option.SUPPRESS_EXCEPTIONS);

    /** $input: the payload, and the parameters of the request by path, querystring and header. */
    public static class Input {
        private final String body;
        private final Map<String, Map<String, String>> params;

        Input(String body, Map<String, Map<String, String>> params) {
            this.body = body;
            this.params = params;
        }

        public String getBody() {
            return body;
        }

        public Object path(String path) {
            DocumentContext document = JsonPath.using(JSON).parse(body);
            return document.read(path);
        }

        public String json(String path) {
            Object value = path(path);
            return value == null ? "\"\"" : JSONValue.toJSONString(value, JSONStyle.LT_COMPRESS);
        }

        public Object params() {
            return params;
        }

        public String params(String name) {
            for (String place : List.of("path", "querystring", "header")) {
                Map<String, String> found = params.get(place);
                if (found != null && found.containsKey(name)) {
                    return found.get(name);
                }
            }
            return "";
        }
    }

    /** $util. */
    public static class Util {
        public String base64Encode(String text) {
            return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
        }

        public String base64Decode(String text) {
            return new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
        }

        public Object parseJson(String text) {
            return JSONValue.parse(text);
        }

        public String urlEncode(String text) {
            return URLEncoder.encode(text, StandardCharsets.UTF_8);
        }

        public String urlDecode(String text) {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        }
    }

    public static void main(String[] arguments) throws Exception {
        VelocityEngine velocity = new VelocityEngine();
        velocity.setProperty("runtime.log.logsystem.class", "org.apache.velocity.runtime.log.NullLogChute");
        velocity.setProperty("directive.foreach.maxloops", 1000); // API Gateway's limit, past which it stops unsaid
        velocity.setProperty(
            "runtime.introspector.uberspect", "org.apache.velocity.util.introspection.SecureUberspector");
        velocity.init();
        List<String> answers = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of(arguments[0]))) {
            answers.add(JSONValue.toJSONString(rendered(velocity, (Map<?, ?>) JSONValue.parse(line))));
        }
        Files.write(Path.of(arguments[1]), answers);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> rendered(VelocityEngine velocity, Map<?, ?> call) {
        Map<String, Object> context = new LinkedHashMap<>((Map<String, Object>) call.get("context"));
        context.put("responseOverride", new HashMap<String, Object>());
        VelocityContext names = new VelocityContext();
        names.put("input", new Input((String) call.get("body"), (Map<String, Map<String, String>>) call.get("params")));
        names.put("util", new Util());
        names.put("context", context);
        names.put("stageVariables", Map.of());
        StringWriter text = new StringWriter();
        long begun = System.nanoTime();
        try {
            velocity.evaluate(names, text, "template", (String) call.get("template"));
        } catch (RuntimeException fault) {
            return Map.of("fault", fault.toString());
        }
        long ms = (System.nanoTime() - begun) / 1_000_000;
        return Map.of("text", text.toString(), "context", context, "ms", ms);
    }
}
