package org.ggml4j.chat;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A method that a model may call; its one parameter is a record of the arguments, or it has none.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface ToolMethod {
  /** What it does, for the model. */
  String value();

  /** By which the model calls it; the method's own name if empty. */
  String name() default "";
}
