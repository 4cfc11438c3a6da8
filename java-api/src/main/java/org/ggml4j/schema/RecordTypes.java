package org.ggml4j.schema;

import java.lang.reflect.Constructor;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SequencedCollection;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Finds the bindings of a record and all that it contains. */
final class RecordTypes {
  /** The property that tells the records of a sealed interface apart. */
  static final String TAG = "type";

  private static final Set<Class<?>> LISTS =
      Set.of(List.class, Collection.class, Iterable.class, SequencedCollection.class);
  private static final Set<Class<?>> SETS = Set.of(Set.class, SequencedSet.class);
  private static final Set<Class<?>> MAPS = Set.of(Map.class, SequencedMap.class);

  /** A type with its arguments, none of which is a variable. */
  private record Resolved(Class<?> raw, List<Resolved> arguments) {
    Map<TypeVariable<?>, Resolved> variables() {
      Map<TypeVariable<?>, Resolved> variables = new HashMap<>();
      TypeVariable<?>[] names = raw.getTypeParameters();
      for (int i = 0; i < arguments.size(); i++) {
        variables.put(names[i], arguments.get(i));
      }
      return variables;
    }
  }

  /** A record in one role: on its own or tagged as one of several. */
  private record Role(Resolved type, boolean tagged) {}

  private final Map<Role, RecordBinding> records = new HashMap<>();
  private final Map<Resolved, Binding> choices = new HashMap<>();
  private final Map<String, RecordBinding> definitions = new LinkedHashMap<>();
  private final Binding root;

  RecordTypes(Class<?> type) {
    if (!type.isRecord() && !type.isSealed()) {
      throw new IllegalArgumentException(
          "expected a record or a sealed interface of records, found " + type.getName());
    }
    root = binding(resolve(type, Map.of(), type.getSimpleName()), type.getSimpleName());
  }

  Binding root() {
    return root;
  }

  /** The whole schema, with a definition for each record. */
  Json schema() {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("$schema", new Json.Str("https://json-schema.org/draft/2020-12/schema"));
    members.putAll(((Json.Obj) root.schema()).members());
    Map<String, Json> all = new LinkedHashMap<>();
    definitions.forEach((name, binding) -> all.put(name, binding.definition()));
    members.put("$defs", new Json.Obj(all));
    return new Json.Obj(members);
  }

  private static Resolved resolve(
      Type type, Map<TypeVariable<?>, Resolved> variables, String where) {
    if (type instanceof Class<?> c) {
      if (c.getTypeParameters().length > 0) {
        throw unsupported(where, type, "give its type arguments");
      }
      return c.isArray()
          ? new Resolved(Object[].class, List.of(resolve(c.getComponentType(), variables, where)))
          : new Resolved(c, List.of());
    }
    if (type instanceof ParameterizedType p) {
      List<Resolved> arguments = new ArrayList<>();
      for (Type argument : p.getActualTypeArguments()) {
        arguments.add(resolve(argument, variables, where));
      }
      return new Resolved((Class<?>) p.getRawType(), arguments);
    }
    if (type instanceof GenericArrayType a) {
      return new Resolved(
          Object[].class, List.of(resolve(a.getGenericComponentType(), variables, where)));
    }
    if (type instanceof WildcardType w) {
      return resolve(w.getUpperBounds()[0], variables, where);
    }
    Resolved bound = type instanceof TypeVariable<?> v ? variables.get(v) : null;
    if (bound == null) {
      throw unsupported(where, type, "give its type arguments");
    }
    return bound;
  }

  private static IllegalArgumentException unsupported(String where, Type type, String advice) {
    return new IllegalArgumentException(
        where + ": the type " + type.getTypeName() + " can't be read from JSON; " + advice);
  }

  private Binding binding(Resolved type, String where) {
    Class<?> raw = type.raw;
    Binding scalar = ScalarBinding.ALL.get(raw);
    if (scalar != null) {
      return scalar;
    }
    if (raw.isEnum()) {
      return enumeration(raw, where);
    }
    if (raw.isRecord()) {
      return record(type, false, where);
    }
    if (raw.isSealed() && raw.isInterface()) {
      return choice(type, where);
    }
    if (raw == Object[].class) {
      Resolved component = type.arguments.get(0);
      return CollectionBinding.array(binding(component, where + "[]"), arrayClass(component));
    }
    if (LISTS.contains(raw)) {
      return CollectionBinding.list(binding(type.arguments.get(0), where + "[]"));
    }
    if (SETS.contains(raw)) {
      Resolved item = type.arguments.get(0);
      return CollectionBinding.set(binding(item, where + "[]"), item.raw.isEnum());
    }
    if (MAPS.contains(raw)) {
      if (type.arguments.get(0).raw != String.class) {
        throw unsupported(where, raw, "maps need String keys");
      }
      return new CollectionBinding.OfMap(binding(type.arguments.get(1), where + "{}"));
    }
    throw unsupported(
        where, raw, "use records, enums, lists, strings and numbers; the Javadoc has the list");
  }

  private static Class<?> arrayClass(Resolved component) {
    return component.raw == Object[].class
        ? arrayClass(component.arguments.get(0)).arrayType()
        : component.raw;
  }

  private static Binding enumeration(Class<?> type, String where) {
    Map<String, Object> constants = new LinkedHashMap<>();
    for (Object constant : type.getEnumConstants()) {
      constants.put(((Enum<?>) constant).name(), constant);
    }
    if (constants.isEmpty()) {
      throw unsupported(where, type, "the enum has no constants");
    }
    return new CollectionBinding.OfEnum(constants);
  }

  private Binding choice(Resolved type, String where) {
    Binding known = choices.get(type);
    if (known != null) {
      return known;
    }
    Map<String, RecordBinding> byTag = new LinkedHashMap<>();
    choices.put(type, new RecordBinding.OneOf(byTag)); // a record below may contain it again
    addPermitted(type.raw, byTag, where);
    return new RecordBinding.OneOf(byTag);
  }

  private void addPermitted(Class<?> type, Map<String, RecordBinding> byTag, String where) {
    for (Class<?> permitted : type.getPermittedSubclasses()) {
      if (permitted.isRecord()) {
        RecordBinding binding = record(resolve(permitted, Map.of(), where), true, where);
        RecordBinding other = byTag.put(binding.tag().orElseThrow(), binding);
        if (other != null && other != binding) {
          throw unsupported(
              where, type, "two of its records are named " + permitted.getSimpleName());
        }
      } else if (permitted.isSealed()) {
        addPermitted(permitted, byTag, where);
      } else {
        throw unsupported(where, permitted, "a sealed interface may only permit records");
      }
    }
  }

  private RecordBinding record(Resolved type, boolean tagged, String where) {
    Role role = new Role(type, tagged);
    RecordBinding known = records.get(role);
    if (known != null) {
      return known;
    }
    String simple = type.raw.getSimpleName();
    String name = simple;
    for (int i = 2; definitions.containsKey(name); i++) {
      name = simple + i;
    }
    RecordBinding binding =
        new RecordBinding(
            constructor(type.raw),
            tagged ? Optional.of(simple) : Optional.empty(),
            "#/$defs/" + name);
    records.put(role, binding);
    definitions.put(name, binding);
    List<RecordBinding.Part> parts = new ArrayList<>();
    for (RecordComponent component : type.raw.getRecordComponents()) {
      String at = where + "." + component.getName();
      if (tagged && component.getName().equals(TAG)) {
        throw unsupported(at, type.raw, "the name '" + TAG + "' tells the records apart");
      }
      Resolved resolved = resolve(component.getGenericType(), type.variables(), at);
      parts.add(part(component.getName(), resolved, at));
    }
    binding.setParts(parts);
    return binding;
  }

  private RecordBinding.Part part(String name, Resolved type, String where) {
    if (type.raw == Optional.class) {
      Binding value = binding(type.arguments.get(0), where);
      return new RecordBinding.Part(name, value, Optional.of(Optional.empty()), Optional::of);
    }
    if (type.raw == OptionalInt.class) {
      return optional(name, int.class, OptionalInt.empty(), v -> OptionalInt.of((int) v));
    }
    if (type.raw == OptionalLong.class) {
      return optional(name, long.class, OptionalLong.empty(), v -> OptionalLong.of((long) v));
    }
    if (type.raw == OptionalDouble.class) {
      return optional(
          name, double.class, OptionalDouble.empty(), v -> OptionalDouble.of((double) v));
    }
    Binding value = binding(type, where);
    return new RecordBinding.Part(name, value, Optional.empty(), UnaryOperator.identity());
  }

  private RecordBinding.Part optional(
      String name, Class<?> type, Object absent, UnaryOperator<Object> present) {
    Binding value = binding(new Resolved(type, List.of()), name);
    return new RecordBinding.Part(name, value, Optional.of(absent), present);
  }

  private static Constructor<?> constructor(Class<?> type) {
    List<Class<?>> types = new ArrayList<>();
    for (RecordComponent component : type.getRecordComponents()) {
      types.add(component.getType());
    }
    try {
      Constructor<?> constructor = type.getDeclaredConstructor(types.toArray(Class<?>[]::new));
      constructor.setAccessible(true);
      return constructor;
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException("a record without its constructor: " + type, e);
    } catch (InaccessibleObjectException e) {
      throw new IllegalArgumentException(
          type.getName()
              + " can't be made from here: make it public in an exported package, or add 'opens "
              + type.getPackageName()
              + " to org.ggml4j' to its module-info",
          e);
    }
  }
}
