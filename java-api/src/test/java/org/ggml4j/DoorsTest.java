package org.ggml4j;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The doors between the rooms: which package may use which. A new package needs a line in {@link
 * #DOORS}.
 */
class DoorsTest {
  private static final String ROOT = "org.ggml4j";

  /** For each room those it may look into; its own parts and Java are always open. */
  private static final Map<String, Set<String>> DOORS =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("gguf", Set.of()),
              Map.entry("sampling", Set.of()),
              Map.entry("schema", Set.of()),
              Map.entry("tokenizer", Set.of("gguf")),
              Map.entry("jinja", Set.of()),
              Map.entry("chat", Set.of("jinja", "tokenizer", "gguf", "schema", "grammar")),
              Map.entry("grammar", Set.of("sampling", "tokenizer")),
              Map.entry("ggml", Set.of("bindings", "bindings.ggml", "gguf")),
              Map.entry("nn", Set.of("ggml", "gguf")),
              Map.entry("arch", Set.of("nn", "ggml", "gguf")),
              Map.entry("hub", Set.of("gguf")),
              Map.entry("decode", Set.of("arch", "nn", "ggml", "sampling", "tokenizer")),
              Map.entry("eval", Set.of("", "arch", "nn", "ggml", "gguf", "tokenizer", "quantize")),
              Map.entry("quantize", Set.of("ggml", "gguf")),
              Map.entry("train", Set.of("arch", "nn", "ggml", "gguf"))));

  private static JavaClasses classes;

  @BeforeAll
  static void read() {
    // The library's own folder or jar: neither its tests nor the bindings are in there.
    classes =
        new ClassFileImporter()
            .importUrl(Model.class.getProtectionDomain().getCodeSource().getLocation());
  }

  private static String room(JavaClass c) {
    return c.getPackageName().length() <= ROOT.length()
        ? ""
        : c.getPackageName().substring(ROOT.length() + 1);
  }

  @Test
  void everyRoomHasItsDoors() {
    Set<String> rooms = new TreeSet<>();
    classes.forEach(c -> rooms.add(room(c)));
    rooms.remove("");
    assertThat(rooms).isEqualTo(DOORS.keySet());
    assertThat(classes).hasSizeGreaterThan(100);
  }

  @TestFactory
  List<DynamicTest> noRoomUsesMoreThanItsDoorsAllow() {
    return DOORS.entrySet().stream()
        .map(
            e ->
                DynamicTest.dynamicTest(
                    e.getKey(),
                    () -> {
                      DescribedPredicate<JavaClass> closed =
                          resideInAPackage(ROOT + "..")
                              .and(
                                  new DescribedPredicate<JavaClass>("behind a closed door") {
                                    @Override
                                    public boolean test(JavaClass c) {
                                      return !room(c).equals(e.getKey())
                                          && !e.getValue().contains(room(c));
                                    }
                                  });
                      noClasses()
                          .that()
                          .resideInAPackage(ROOT + "." + e.getKey())
                          .should()
                          .dependOnClassesThat(closed)
                          .check(classes);
                    }))
        .toList();
  }

  @Test
  void onlyGgmlUsesTheBindings() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".ggml")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ROOT + ".bindings..")
        .check(classes);
  }

  @Test
  void thePureRoomsKnowNoNativeMemoryOfTheirOwnMaking() {
    noClasses()
        .that()
        .resideInAnyPackage(
            ROOT + ".tokenizer",
            ROOT + ".gguf",
            ROOT + ".sampling",
            ROOT + ".grammar",
            ROOT + ".jinja",
            ROOT + ".chat")
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.foreign.Linker")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.foreign.SymbolLookup")
        .check(classes);
  }

  @Test
  void thereAreNoCircles() {
    slices().matching(ROOT + ".(**)").should().beFreeOfCycles().check(classes);
  }

  @Test
  void onlyMeasuresKnowTheRoot() {
    noClasses()
        .that()
        .resideOutsideOfPackages(ROOT, ROOT + ".eval")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ROOT)
        .check(classes);
  }

  @Test
  void onlyTheHubOpensConnections() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".hub")
        .should()
        .dependOnClassesThat(
            resideInAPackage("java.net.http..")
                .or(resideInAPackage("javax.net.."))
                .or(
                    DescribedPredicate.describe(
                        "are of java.net and more than names",
                        c ->
                            c.getPackageName().equals("java.net")
                                && !Set.of("URI", "URISyntaxException", "URLDecoder")
                                    .contains(c.getSimpleName()))))
        .check(classes);
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".hub")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ROOT + ".hub")
        .check(classes);
  }

  @Test
  void theLibraryPrintsNothing() {
    noClasses().should().accessField(System.class, "out").check(classes);
    noClasses().should().accessField(System.class, "err").check(classes);
    noClasses().should().dependOnClassesThat().areAssignableTo(PrintStream.class).check(classes);
  }

  /** What a public method takes and gives can be named by its callers. */
  @Test
  void publicSignaturesNamePublicTypesOnly() {
    ArchCondition<JavaMethod> condition =
        new ArchCondition<>("use public types of the library or of Java") {
          @Override
          public void check(JavaMethod method, ConditionEvents events) {
            Set<JavaClass> types = new TreeSet<>((a, b) -> a.getName().compareTo(b.getName()));
            types.add(method.getRawReturnType().getBaseComponentType());
            method.getRawParameterTypes().forEach(t -> types.add(t.getBaseComponentType()));
            types.addAll(method.getReturnType().getAllInvolvedRawTypes());
            for (JavaClass type : types) {
              boolean ours = type.getPackageName().startsWith(ROOT);
              boolean hidden = ours && !isVisible(type);
              boolean bindings = type.getPackageName().startsWith(ROOT + ".bindings");
              if (hidden || bindings) {
                events.add(
                    SimpleConditionEvent.violated(
                        method, method.getFullName() + " names " + type.getName()));
              }
            }
          }
        };
    ArchRule rule =
        methods()
            .that()
            .arePublic()
            .and()
            .areDeclaredInClassesThat(
                new DescribedPredicate<JavaClass>("are visible") {
                  @Override
                  public boolean test(JavaClass c) {
                    return isVisible(c);
                  }
                })
            .should(condition);
    rule.check(classes);
  }

  private static boolean isVisible(JavaClass c) {
    boolean open =
        c.getModifiers().contains(JavaModifier.PUBLIC)
            || c.getModifiers().contains(JavaModifier.PROTECTED);
    return open && c.getEnclosingClass().map(DoorsTest::isVisible).orElse(true);
  }
}
