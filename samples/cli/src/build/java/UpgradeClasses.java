import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.nio.ByteBuffer;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;

/**
 * Rewrites classes of a jar that were compiled for Java 5, as picocli's are, in the format of a
 * later Java. Java's AOT cache takes no class without the stack maps of that format, and picocli's
 * 150 classes, loaded from the jar and verified in the old way, cost a quarter of a start.
 *
 * <p>The build runs it from its source: {@code java UpgradeClasses.java JAR}. It needs Java 24.
 */
final class UpgradeClasses {
  private static final int OLD = ClassFile.JAVA_6_VERSION;
  private static final int NEW = ClassFile.JAVA_22_VERSION;
  private static final int VERSION_OFFSET = 6;

  private UpgradeClasses() {}

  public static void main(String... args) throws IOException {
    try (FileSystem jar = FileSystems.newFileSystem(Path.of(args[0]))) {
      ClassFile classFile =
          ClassFile.of(ClassFile.StackMapsOption.GENERATE_STACK_MAPS, resolver(jar));
      Files.walkFileTree(
          jar.getPath("/"),
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              if (file.toString().endsWith(".class")) {
                upgrade(classFile, file, attributes.lastModifiedTime());
              }
              return FileVisitResult.CONTINUE;
            }
          });
    }
  }

  /** Knows the jar's classes and Java's own, whose relations the stack maps depend on. */
  private static ClassFile.ClassHierarchyResolverOption resolver(FileSystem jar) {
    return ClassFile.ClassHierarchyResolverOption.of(
        ClassHierarchyResolver.ofResourceParsing(
                type -> {
                  String descriptor = type.descriptorString();
                  Path file =
                      jar.getPath("/", descriptor.substring(1, descriptor.length() - 1) + ".class");
                  try {
                    return Files.exists(file) ? Files.newInputStream(file) : null;
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                })
            .orElse(ClassHierarchyResolver.defaultResolver()));
  }

  private static void upgrade(ClassFile classFile, Path file, FileTime time) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    if (ByteBuffer.wrap(bytes).getShort(VERSION_OFFSET) >= OLD) {
      return;
    }
    ClassModel model = classFile.parse(bytes);
    ClassTransform newer =
        ClassTransform.endHandler(builder -> builder.withVersion(NEW, 0))
            .andThen(
                (builder, element) -> {
                  if (!(element instanceof ClassFileVersion version)
                      || version.majorVersion() == NEW) {
                    builder.with(element);
                  }
                })
            // Code that is not visited would be copied as it is, without stack maps.
            .andThen(
                ClassTransform.transformingMethodBodies(
                    (builder, element) -> builder.with(element)));
    Files.write(file, classFile.transformClass(model, newer));
    Files.setLastModifiedTime(file, time);
  }
}
