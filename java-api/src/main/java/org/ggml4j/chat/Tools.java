package org.ggml4j.chat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.ggml4j.schema.RecordSchema;

/** Tools of an object's methods. */
public final class Tools {
  private static final String NO_PARAMETERS = "{\"type\": \"object\", \"properties\": {}}";

  private Tools() {}

  /**
   * The tools that an object's methods with {@link ToolMethod} are, by name.
   *
   * {@snippet :
   * class Weather {
   *   public record City(String city) {}
   *
   *   @ToolMethod("The weather in a city")
   *   public String weather(City where) { ... }
   * }
   *
   * List<Tool> tools = Tools.of(new Weather());
   * }
   *
   * @throws IllegalArgumentException if there is none, or one has other parameters than one record
   */
  public static List<Tool> of(Object methods) {
    List<Tool> tools = new ArrayList<>();
    for (Method method : methods.getClass().getMethods()) {
      ToolMethod annotation = method.getAnnotation(ToolMethod.class);
      if (annotation != null) {
        String name = annotation.name().isEmpty() ? method.getName() : annotation.name();
        tools.add(tool(methods, method, name, annotation.value()));
      }
    }
    if (tools.isEmpty()) {
      throw new IllegalArgumentException(
          methods.getClass() + ": expected public methods with @ToolMethod, found none");
    }
    tools.sort(Comparator.comparing(Tool::name));
    return tools;
  }

  private static Tool tool(Object of, Method method, String name, String description) {
    method.setAccessible(true); // also of a class that is not public itself
    Class<?>[] parameters = method.getParameterTypes();
    if (parameters.length == 0) {
      return new Tool(name, description, NO_PARAMETERS, json -> call(of, method));
    }
    if (parameters.length > 1 || !parameters[0].isRecord()) {
      throw new IllegalArgumentException(
          method + ": expected no parameter, or one record of the arguments");
    }
    RecordSchema<?> schema = RecordSchema.of(parameters[0]);
    return new Tool(
        name, description, schema.schema(), json -> call(of, method, schema.read(json)));
  }

  private static String call(Object of, Method method, Object... arguments) {
    try {
      return String.valueOf(method.invoke(of, arguments));
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new ToolException(method.getName() + ": " + e.getCause(), e);
    } catch (IllegalAccessException e) {
      throw new ToolException(
          method + " can't be called from here: make it and its class public, or open the package",
          e);
    }
  }
}
