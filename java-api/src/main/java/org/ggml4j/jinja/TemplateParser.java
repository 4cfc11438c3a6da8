package org.ggml4j.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads a template: text, and the statements between its tags. */
final class TemplateParser extends ExprParser {
  /** A parsed template. */
  record Parsed(Stmt body, Scope scope, Map<String, Integer> globals) {}

  private int loops;

  private TemplateParser(List<Token> tokens) {
    super(tokens);
  }

  static Parsed parse(Source source, TemplateOptions options) {
    TemplateParser parser = new TemplateParser(Lexer.tokens(source, options));
    Scope root = parser.scope;
    try {
      Stmt body = parser.block();
      if (parser.token().kind() != Token.Kind.END) {
        throw new Failure("the tag '" + parser.token().text() + "' has no begin");
      }
      Map<String, Integer> globals = new HashMap<>();
      for (Expr.Name name : parser.names) {
        globals.put(name.name, root.declare(name.name));
      }
      for (Expr.Name name : parser.names) {
        name.resolve();
      }
      return new Parsed(body, root, globals);
    } catch (Failure e) {
      throw source.error(parser.at(), e);
    }
  }

  /** Statements up to a tag that ends or divides something, whose name comes next. */
  private Stmt block() {
    enter();
    List<Stmt> statements = new ArrayList<>();
    while (true) {
      Token t = token();
      switch (t.kind()) {
        case DATA -> {
          take();
          statements.add(new Stmt.Data(Text.template(t.text())));
        }
        case PRINT_BEGIN -> {
          take();
          statements.add(new Stmt.Print(tuple(true)));
          expect(Token.Kind.PRINT_END, "'}}'");
        }
        case BLOCK_BEGIN -> {
          take();
          if (divides(token())) {
            leave();
            return one(statements);
          }
          statements.add(statement());
        }
        default -> {
          leave();
          return one(statements);
        }
      }
    }
  }

  private static Stmt one(List<Stmt> statements) {
    return statements.size() == 1 ? statements.get(0) : new Stmt.Block(statements);
  }

  private static boolean divides(Token t) {
    return t.kind() == Token.Kind.NAME
        && (t.text().startsWith("end") || t.text().equals("else") || t.text().equals("elif"));
  }

  private Stmt statement() {
    Token tag = token();
    String name = name("a statement's name");
    return switch (name) {
      case "if" -> branches();
      case "for" -> loop(tag.at());
      case "set" -> set(tag.at());
      case "macro" -> macro();
      case "call" -> callBlock();
      case "filter" -> filterBlock(tag.at());
      case "with" -> with();
      case "generation" -> generation();
      case "break", "continue" -> jump(name);
      default -> {
        back();
        throw unknown(name);
      }
    };
  }

  private static Failure unknown(String name) {
    return switch (name) {
      case "include", "import", "from", "extends", "block" ->
          new Failure("'" + name + "' needs other templates; a chat template has to be one text");
      default ->
          new Failure(
              "the tag '"
                  + name
                  + "' is unknown; known are if, for, set, macro, call, filter, with, generation,"
                  + " raw, break and continue");
    };
  }

  private void endTag() {
    expect(Token.Kind.BLOCK_END, "'%}'");
  }

  private void end(String name) {
    if (!skipName(name)) {
      throw token().kind() == Token.Kind.END
          ? new Failure("'{% " + name + " %}' is missing")
          : expected("'" + name + "'");
    }
    endTag();
  }

  private Stmt branches() {
    List<Expr> conditions = new ArrayList<>();
    List<Stmt> bodies = new ArrayList<>();
    Stmt otherwise = null;
    do {
      conditions.add(tuple(true));
      endTag();
      bodies.add(block());
    } while (skipName("elif"));
    if (skipName("else")) {
      endTag();
      otherwise = block();
    }
    end("endif");
    return new Stmt.If(conditions, bodies, otherwise);
  }

  private Stmt loop(int at) {
    Scope outer = scope;
    Scope inner = outer.block();
    Target target = target(inner, false);
    if (!skipName("in")) {
      throw expected("'in'");
    }
    Expr iterable = tuple(false);
    scope = inner;
    Expr condition = optional("if");
    boolean recursive = skipName("recursive");
    endTag();
    int slot = inner.declare("loop");
    loops++;
    Stmt body = block();
    loops--;
    scope = outer;
    Stmt otherwise = null;
    if (skipName("else")) {
      endTag();
      otherwise = inner(List.of(), List.of());
    }
    end("endfor");
    return new Loop(target, iterable, condition, slot, inner, body, otherwise, recursive, at);
  }

  /** A body with names of its own. */
  private Stmt inner(List<String> set, List<Expr> values) {
    Scope outer = scope;
    scope = outer.block();
    List<Integer> slots = new ArrayList<>();
    for (String name : set) {
      slots.add(scope.declare(name));
    }
    Stmt statement = new Stmt.Inner(slots, values, scope, block());
    scope = outer;
    return statement;
  }

  private Stmt set(int at) {
    Target target = target(scope, true);
    if (skip("=")) {
      Expr value = tuple(true);
      endTag();
      return new Stmt.Set(target, value, at);
    }
    List<Expr.Filter> filters = new ArrayList<>();
    while (skip("|")) {
      filters.add(filter(new Expr.Literal(None.NONE)));
    }
    endTag();
    return capture(target, filters, "endset", at);
  }

  private Stmt capture(@Nullable Target target, List<Expr.Filter> filters, String end, int at) {
    Scope outer = scope;
    scope = outer.block();
    Stmt statement = new Stmt.Capture(target, block(), scope, filters, at);
    scope = outer;
    end(end);
    return statement;
  }

  private Stmt filterBlock(int at) {
    List<Expr.Filter> filters = new ArrayList<>();
    do {
      filters.add(filter(new Expr.Literal(None.NONE)));
    } while (skip("|"));
    endTag();
    return capture(null, filters, "endfilter", at);
  }

  private Stmt with() {
    List<String> set = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (token().kind() == Token.Kind.NAME) {
      set.add(take().text());
      expect("=");
      values.add(expression());
      if (!skip(",")) {
        break;
      }
    }
    endTag();
    Stmt statement = inner(set, values);
    end("endwith");
    return statement;
  }

  /** What transformers uses to find the assistant's tokens; here it is its body. */
  private Stmt generation() {
    endTag();
    Stmt statement = inner(List.of(), List.of());
    end("endgeneration");
    return statement;
  }

  private Stmt jump(String name) {
    if (loops == 0) {
      throw new Failure("'" + name + "' outside of a loop");
    }
    endTag();
    return new Stmt.Jump(name.equals("break") ? Stmt.BREAK : Stmt.CONTINUE);
  }

  private Stmt macro() {
    String name = name("a macro's name");
    int slot = scope.declare(name);
    expect("(");
    return new Stmt.Define(slot, definition(name));
  }

  private Stmt callBlock() {
    Parameters own = new Parameters(Scope.frame(scope, false));
    if (skip("(")) {
      parameters(own);
    }
    Expr call = filtersAndTests(postfix(variable(name("a macro's name"))));
    if (!(call instanceof Expr.Call c)) {
      throw new Failure("a call was expected");
    }
    endTag();
    Macro.Definition body = body("caller", own, new Macro.Extras(-1, -1, -1));
    end("endcall");
    return new Stmt.CallBlock(c, body);
  }

  /** A macro's parameters, as far as they are read. */
  private record Parameters(
      Scope scope, List<String> names, List<Integer> slots, List<Expr> defaults) {
    Parameters(Scope scope) {
      this(scope, new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }
  }

  private Macro.Definition definition(String name) {
    Parameters parameters = new Parameters(Scope.frame(scope, true));
    parameters(parameters);
    endTag();
    Macro.Definition definition = body(name, parameters, null);
    end("endmacro");
    return definition;
  }

  /** The parameters up to and with the closing parenthesis. */
  private void parameters(Parameters to) {
    Scope outer = scope;
    scope = to.scope();
    while (!skip(")")) {
      if (!to.names().isEmpty()) {
        expect(",");
        if (skip(")")) {
          break;
        }
      }
      String name = name("a parameter's name");
      if (to.names().contains(name)) {
        throw new Failure("the parameter '" + name + "' is there twice");
      }
      to.names().add(name);
      to.slots().add(scope.declare(name));
      if (skip("=")) {
        to.defaults().add(expression());
      } else if (!to.defaults().isEmpty()) {
        throw new Failure("a parameter without a default after one with a default");
      }
    }
    scope = outer;
  }

  private Macro.Definition body(String name, Parameters parameters, Macro.@Nullable Extras none) {
    Scope outer = scope;
    int outerLoops = loops;
    scope = parameters.scope();
    loops = 0;
    Stmt body = block();
    Scope own = scope;
    Macro.Extras extras =
        none != null
            ? none
            : new Macro.Extras(
                own.usesCaller ? own.declare("caller") : -1,
                own.usesVarargs ? own.declare("varargs") : -1,
                own.usesKwargs ? own.declare("kwargs") : -1);
    scope = outer;
    loops = outerLoops;
    return new Macro.Definition(
        name, parameters.names(), parameters.slots(), parameters.defaults(), extras, own, body);
  }
}
