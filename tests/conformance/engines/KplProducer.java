import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Future;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * Sends user records through the KPL to a Kinesis on loopback.
 *
 * Arguments: the file of the records, a line each of partition key and base64; the port; a folder for the native part.
 */
public class KplProducer {
    public static void main(String[] arguments) throws Exception {
        KinesisProducer producer = new KinesisProducer(configuration(Long.parseLong(arguments[1]), arguments[2]));
        while (!aggregates(producer)) {
            Thread.sleep(100);
        }
        List<Future<UserRecordResult>> sent = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of(arguments[0]))) {
            String[] parts = line.split(" ");
            sent.add(producer.addUserRecord("readings", parts[0], ByteBuffer.wrap(Base64.getDecoder().decode(parts[1]))));
        }
        producer.flushSync();
        for (Future<UserRecordResult> one : sent) {
            if (!one.get().isSuccessful()) {
                throw new IllegalStateException("a user record was not taken");
            }
        }
        producer.destroy();
    }

    /** Whether two user records go together, which they do once the KPL has the stream's shards. */
    private static boolean aggregates(KinesisProducer producer) throws Exception {
        ByteBuffer probe = ByteBuffer.wrap("probe".getBytes(StandardCharsets.UTF_8));
        Future<UserRecordResult> first = producer.addUserRecord("readings", "probe", probe.duplicate());
        Future<UserRecordResult> second = producer.addUserRecord("readings", "probe", probe.duplicate());
        producer.flush();
        return first.get().getSequenceNumber().equals(second.get().getSequenceNumber());
    }

    private static KinesisProducerConfiguration configuration(long port, String folder) {
        return new KinesisProducerConfiguration()
            .setCredentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("laptop", "laptop")))
            .setRegion("eu-central-1")
            .setKinesisEndpoint("127.0.0.1")
            .setKinesisPort(port)
            .setStsEndpoint("127.0.0.1")
            .setStsPort(port)
            .setCloudwatchEndpoint("127.0.0.1")
            .setCloudwatchPort(port)
            .setVerifyCertificate(false)
            .setMetricsLevel("none")
            .setRecordMaxBufferedTime(1000)
            .setTempDirectory(folder);
    }
}
