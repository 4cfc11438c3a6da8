package org.ggml4j.schema;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A schema's text as nodes; each place in it is one node, whichever way leads to it. */
final class SchemaDocument {
  private final SchemaNode root;
  private final String id;
  private final Map<String, SchemaNode> nodes = new HashMap<>();
  private final Map<String, String> anchors = new HashMap<>();
  private final Set<SchemaNode> referenced = new HashSet<>();

  private SchemaDocument(Json json) {
    root = new SchemaNode(this, "", "", json, false);
    nodes.put("", root);
    id =
        json instanceof Json.Obj o
            ? o.get("$id").or(() -> o.get("id")).map(SchemaDocument::text).orElse("")
            : "";
    findAnchors(json, "");
  }

  private static String text(Json value) {
    return value instanceof Json.Str s ? s.value() : "";
  }

  /**
   * Reads a schema.
   *
   * @throws SchemaException if it is no JSON, or neither an object nor a boolean
   */
  static SchemaDocument read(String schema) {
    Json json;
    try {
      json = JsonText.read(schema, JsonText.Mode.SCHEMA);
    } catch (JsonProcessingException e) {
      throw new SchemaException("", "not JSON: " + JsonText.describe(e));
    }
    SchemaDocument document = new SchemaDocument(json);
    document.root.requireSchema();
    return document;
  }

  SchemaNode root() {
    return root;
  }

  static String escape(String token) {
    return token.replace("~", "~0").replace("/", "~1");
  }

  private void findAnchors(Json json, String pointer) {
    if (json instanceof Json.Obj o) {
      for (String keyword : new String[] {"$anchor", "$dynamicAnchor"}) {
        o.get(keyword).map(SchemaDocument::text).ifPresent(a -> anchors.putIfAbsent(a, pointer));
      }
      for (String keyword : new String[] {"$id", "id"}) { // up to draft 7 these name anchors too
        String name = o.get(keyword).map(SchemaDocument::text).orElse("");
        if (name.startsWith("#")) {
          anchors.putIfAbsent(name.substring(1), pointer);
        }
      }
      o.members().forEach((k, v) -> findAnchors(v, pointer + "/" + escape(k)));
    } else if (json instanceof Json.Arr a) {
      for (int i = 0; i < a.items().size(); i++) {
        findAnchors(a.items().get(i), pointer + "/" + i);
      }
    }
  }

  /** The node below another one. */
  SchemaNode node(SchemaNode parent, String path, Json json) {
    return nodes.computeIfAbsent(
        parent.key() + path,
        key -> {
          String pointer = parent.isSynthetic() ? parent.pointer() : parent.pointer() + path;
          return new SchemaNode(this, key, pointer, json, parent.isSynthetic());
        });
  }

  /** A node that stands for what follows from another one; made once for each {@code tag}. */
  SchemaNode synthetic(SchemaNode origin, String tag, Json json) {
    return nodes.computeIfAbsent(
        origin.key() + "!" + tag, key -> new SchemaNode(this, key, origin.pointer(), json, true));
  }

  /**
   * The node that a {@code $ref} means.
   *
   * @throws SchemaException if there is none
   */
  SchemaNode resolve(SchemaNode from) {
    String ref = from.text("$ref").orElse("");
    String fragment = ref.startsWith(id) && !id.isEmpty() ? ref.substring(id.length()) : ref;
    if (fragment.isEmpty() && !ref.isEmpty()) {
      fragment = "#";
    }
    if (!fragment.startsWith("#")) {
      throw new UnsupportedSchemaException(
          from.pointer(),
          "$ref",
          "'" + ref + "' is in another document; put it under $defs and refer to '#/$defs/NAME'");
    }
    String pointer = decode(fragment.substring(1));
    if (!pointer.isEmpty() && !pointer.startsWith("/")) {
      String anchor = anchors.get(pointer);
      if (anchor == null) {
        throw from.error("$ref", "there is no anchor '" + pointer + "'");
      }
      pointer = anchor;
    }
    SchemaNode target =
        at(pointer)
            .orElseThrow(
                () -> from.error("$ref", "'" + ref + "' leads to nothing in this document"));
    referenced.add(target);
    return target;
  }

  /** Whether a {@code $ref} that was followed means this node. */
  boolean isReferenced(SchemaNode node) {
    return referenced.contains(node);
  }

  private static String decode(String fragment) {
    try {
      return URLDecoder.decode(fragment.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return fragment;
    }
  }

  /** The node at a JSON pointer. */
  Optional<SchemaNode> at(String pointer) {
    Optional<Json> json = Optional.of(root.json());
    StringBuilder path = new StringBuilder();
    String[] tokens = pointer.isEmpty() ? new String[0] : pointer.substring(1).split("/", -1);
    for (String token : tokens) {
      String name = token.replace("~1", "/").replace("~0", "~");
      path.append('/').append(escape(name));
      json = json.flatMap(parent -> below(parent, name));
    }
    return json.map(
        found -> {
          SchemaNode node = node(root, path.toString(), found);
          node.requireSchema();
          return node;
        });
  }

  private static Optional<Json> below(Json parent, String name) {
    if (parent instanceof Json.Obj o) {
      return o.get(name);
    }
    if (parent instanceof Json.Arr a && name.matches("0|[1-9][0-9]{0,8}")) {
      int i = Integer.parseInt(name);
      return i < a.items().size() ? Optional.of(a.items().get(i)) : Optional.empty();
    }
    return Optional.empty();
  }
}
