package org.ggml4j.hub;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the hub says about a repository: its latest version, and the files in it. */
final class HubApi {
  /**
   * A file of a repository.
   *
   * @param size in bytes, -1 if the hub does not say
   */
  record Entry(String path, long size, Optional<Checksum> checksum) {}

  /** A repository at one version. */
  record Listing(String commit, List<Entry> files) {}

  private static final int MAX_BYTES = 64 << 20;
  private static final int MAX_PAGES = 100;
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final Pattern NEXT = Pattern.compile("<([^>]*)>\\s*;\\s*rel=\"next\"");

  private final Http http;
  private final URI endpoint;
  private final Tuning tuning;
  private final Stop stop;

  HubApi(Http http, URI endpoint, Tuning tuning, Stop stop) {
    this.http = http;
    this.endpoint = endpoint;
    this.tuning = tuning;
    this.stop = stop;
  }

  /** The files of a repository's main branch, at the version that it has now. */
  Listing list(ModelName.Hub name) throws IOException {
    String repository = name.owner() + "/" + name.repository();
    String what = "repository " + repository;
    String api = "api/models/" + repository;
    Page refs = get(address(api + "/refs"), what);
    String commit = commit(refs.body, what);
    List<Entry> files = new ArrayList<>();
    Optional<URI> next = Optional.of(address(api + "/tree/" + commit + "?recursive=true"));
    for (int page = 0; next.isPresent(); page++) {
      if (page == MAX_PAGES) {
        throw new HubException(what + " has more files than are looked through");
      }
      Page tree = get(next.get(), what);
      readTree(tree.body, what, files);
      next = tree.next;
    }
    return new Listing(commit, files);
  }

  /** Where a file of a repository is fetched from. */
  URI file(ModelName.Hub name, String commit, String path) throws HubException {
    try {
      String encoded = new URI(null, null, "/" + path, null).toASCIIString();
      return address(name.owner() + "/" + name.repository() + "/resolve/" + commit + encoded);
    } catch (URISyntaxException e) {
      throw new HubException("the name " + SafeName.printable(path) + " can't be asked for", e);
    }
  }

  private URI address(String path) {
    String base = endpoint.toString();
    return URI.create(base + (base.endsWith("/") ? "" : "/") + path);
  }

  /** One answer. */
  private static final class Page {
    final byte[] body;
    final Optional<URI> next;

    Page(byte[] body, Optional<URI> next) {
      this.body = body;
      this.next = next;
    }
  }

  private Page get(URI uri, String what) throws IOException {
    Retries retries = new Retries(tuning, stop, () -> 0);
    while (true) {
      try (Http.Reply reply = http.get(uri, null, "application/json", stop)) {
        if (reply.status() != 200) {
          throw Failures.of(reply, what, http.isHub(reply.uri()), tuning.clock());
        }
        return new Page(body(reply, stop), next(uri, reply));
      } catch (TransientException e) {
        retries.failed(e);
      }
    }
  }

  private static byte[] body(Http.Reply reply, Stop stop) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    byte[] buffer = new byte[1 << 13];
    try (BodyReader reader = reply.reader(stop)) {
      for (int n = reader.read(buffer); n >= 0; n = reader.read(buffer)) {
        bytes.write(buffer, 0, n);
        if (bytes.size() > MAX_BYTES) {
          throw new HubException("the hub's answer is longer than " + MAX_BYTES + " bytes");
        }
      }
    }
    return bytes.toByteArray();
  }

  /** The next page, which only the same server may name: it gets the token. */
  private static Optional<URI> next(URI uri, Http.Reply reply) throws HubException {
    Matcher m = NEXT.matcher(String.join(",", reply.headers().allValues("Link")));
    if (!m.find()) {
      return Optional.empty();
    }
    try {
      URI next = uri.resolve(new URI(m.group(1)));
      if (next.getHost() != null && Origin.of(next).equals(Origin.of(uri))) {
        return Optional.of(next);
      }
    } catch (URISyntaxException e) {
      // Refused below, as another server is.
    }
    throw new HubException(
        "the hub's list goes on where it should not: " + SafeName.printable(m.group(1)));
  }

  private static String commit(byte[] body, String what) throws IOException {
    String found = "";
    try (JsonParser json = new JsonFactory().createParser(body)) {
      begin(json, JsonToken.START_OBJECT);
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        boolean branches = json.currentName().equals("branches");
        if (json.nextToken() != JsonToken.START_ARRAY || !branches) {
          json.skipChildren();
          continue;
        }
        while (json.nextToken() == JsonToken.START_OBJECT) {
          Fields branch = fields(json);
          boolean main = "main".equals(branch.name);
          if (branch.targetCommit != null && (main || found.isEmpty())) {
            found = branch.targetCommit;
          }
        }
      }
    } catch (JsonProcessingException e) {
      throw noJson(what, e);
    }
    if (!COMMIT.matcher(found).matches()) {
      throw new HubException(what + " has no version that could be fetched");
    }
    return found;
  }

  private static void readTree(byte[] body, String what, List<Entry> files) throws IOException {
    try (JsonParser json = new JsonFactory().createParser(body)) {
      begin(json, JsonToken.START_ARRAY);
      while (json.nextToken() == JsonToken.START_OBJECT) {
        Fields f = fields(json);
        // Names that could do harm are as if they were not there.
        if (f.path != null && "file".equals(f.type) && SafeName.isSafe(f.path)) {
          files.add(new Entry(f.path, f.size, f.checksum()));
        }
      }
    } catch (JsonProcessingException e) {
      throw noJson(what, e);
    }
  }

  private static void begin(JsonParser json, JsonToken expected) throws IOException {
    if (json.nextToken() != expected) {
      throw new JsonParseException(json, "expected " + expected);
    }
  }

  private static HubException noJson(String what, JsonProcessingException e) {
    return new HubException(
        "what the hub answers about " + what + " is not understood: is it another server?", e);
  }

  /** The fields of an object that are of use. */
  private static final class Fields {
    @Nullable String name;
    @Nullable String targetCommit;
    @Nullable String type;
    @Nullable String path;
    @Nullable String oid;
    @Nullable String lfsOid;
    long size = -1;

    Optional<Checksum> checksum() {
      return lfsOid != null
          ? Checksum.of(Checksum.Kind.SHA256, lfsOid)
          : Optional.ofNullable(oid).flatMap(o -> Checksum.of(Checksum.Kind.GIT_BLOB, o));
    }
  }

  /** Reads an object from its begin to its end. */
  private static Fields fields(JsonParser json) throws IOException {
    Fields f = new Fields();
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String field = json.currentName();
      JsonToken token = json.nextToken();
      if (token == JsonToken.START_OBJECT && field.equals("lfs")) {
        Fields lfs = fields(json);
        f.lfsOid = lfs.oid == null ? "" : lfs.oid;
        f.size = lfs.size < 0 ? f.size : lfs.size;
      } else if (token == JsonToken.VALUE_STRING) {
        String text = json.getText();
        switch (field) {
          case "name" -> f.name = text;
          case "targetCommit" -> f.targetCommit = text;
          case "type" -> f.type = text;
          case "path" -> f.path = text;
          case "oid" -> f.oid = text;
          default -> {}
        }
      } else if (token == JsonToken.VALUE_NUMBER_INT && field.equals("size")) {
        long size = json.getLongValue();
        f.size = size < 0 || f.lfsOid != null ? f.size : size;
      } else {
        json.skipChildren();
      }
    }
    return f;
  }
}
