package org.ggml4j.cli;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.concurrent.CancellationException;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Turns what went wrong into one line and an exit code; stack traces only with --verbose. */
final class Errors implements IExecutionExceptionHandler, IParameterExceptionHandler {
  /** The command was understood, and could not do its work. */
  static final int FAILED = 1;

  /** The command was not understood. */
  static final int USAGE = 2;

  @Override
  public int handleParseException(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    if (e.getCause() instanceof IOException io) { // understood, but what is named is not there
      command.getErr().println("ggml4j: " + line(io));
      return FAILED;
    }
    for (String arg : args) {
      if (arg.equals("--verbose")) {
        e.printStackTrace(command.getErr());
      }
    }
    String name = command.getCommandSpec().qualifiedName();
    command.getErr().println("ggml4j: " + oneLine(message(e)) + " (see " + name + " --help)");
    return USAGE;
  }

  @Override
  public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
    ParseResult own = parsed;
    while (own.hasSubcommand()) {
      own = own.subcommand();
    }
    if (own.hasMatchedOption("--verbose")) {
      e.printStackTrace(command.getErr());
    }
    command.getErr().println("ggml4j: " + line(e));
    return FAILED;
  }

  /** What is said about an exception: its message if it was written for people. */
  static String line(Throwable e) {
    if (e instanceof UncheckedIOException io && io.getCause() != null) {
      return line(io.getCause());
    }
    if (e instanceof NoSuchFileException file) {
      return "there is no file " + file.getFile();
    }
    if (e instanceof AccessDeniedException file) {
      return file.getFile() + ": permission denied";
    }
    if (e instanceof NotDirectoryException file) {
      return file.getFile() + " is no folder";
    }
    if (e instanceof FileSystemException file && file.getReason() != null) {
      return file.getFile() + ": " + oneLine(file.getReason());
    }
    boolean forPeople =
        (e instanceof IOException && !(e instanceof FileSystemException))
            || e instanceof FileNotFoundException
            || e instanceof IllegalArgumentException
            || e instanceof CancellationException
            || e.getClass().getPackageName().startsWith("org.ggml4j");
    String message = message(e);
    return forPeople
        ? oneLine(message)
        : "unexpected "
            + e.getClass().getName()
            + ": "
            + oneLine(message)
            + " (--verbose tells where)";
  }

  private static String message(Throwable e) {
    String message = e.getMessage();
    return message == null || message.isBlank() ? e.getClass().getSimpleName() : message.strip();
  }

  /** The first line, with a hint if there are more. */
  private static String oneLine(String message) {
    int end = message.indexOf('\n');
    return end < 0 ? message : message.substring(0, end).strip() + " (--verbose says more)";
  }
}
