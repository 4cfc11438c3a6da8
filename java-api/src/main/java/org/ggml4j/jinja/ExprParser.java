package org.ggml4j.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads expressions, by recursive descent with Jinja's own order of operators.
 *
 * <p>Source: Jinja2 3.1, {@code parser.py}.
 */
class ExprParser {
  /** Expressions within expressions, and operators in a row. */
  private static final int MAX_DEPTH = 150;

  private static final int MAX_CHAIN = 1000;

  private final List<Token> tokens;
  private int pos;
  private int depth;

  /** All variables, to be resolved when all names are known. */
  final List<Expr.Name> names = new ArrayList<>();

  /** Where names are looked up. */
  Scope scope = Scope.frame(null, false);

  ExprParser(List<Token> tokens) {
    this.tokens = tokens;
  }

  final Token token() {
    return tokens.get(pos);
  }

  final int at() {
    return token().at();
  }

  final Token take() {
    Token token = tokens.get(pos);
    if (token.kind() != Token.Kind.END) {
      pos++;
    }
    return token;
  }

  /** Un-takes a token, so that an error is about it. */
  final void back() {
    pos--;
  }

  private Token ahead() {
    return tokens.get(Math.min(pos + 1, tokens.size() - 1));
  }

  final boolean skip(String operator) {
    if (token().is(operator)) {
      pos++;
      return true;
    }
    return false;
  }

  final boolean skipName(String name) {
    if (token().isName(name)) {
      pos++;
      return true;
    }
    return false;
  }

  final void expect(String operator) {
    if (!skip(operator)) {
      throw expected("'" + operator + "'");
    }
  }

  final void expect(Token.Kind kind, String shown) {
    if (token().kind() != kind) {
      throw expected(shown);
    }
    pos++;
  }

  final String name(String what) {
    if (token().kind() != Token.Kind.NAME) {
      throw expected(what);
    }
    return take().text();
  }

  final Failure expected(String what) {
    return new Failure(what + " was expected, not " + token().shown());
  }

  final void enter() {
    if (++depth > MAX_DEPTH) {
      throw new Failure("the template nests deeper than the limit of " + MAX_DEPTH);
    }
  }

  final void leave() {
    depth--;
  }

  private static void chain(int n) {
    if (n > MAX_CHAIN) {
      throw new Failure("more than " + MAX_CHAIN + " operators in a row");
    }
  }

  /** One expression, or several with commas between, which are a tuple. */
  final Expr tuple(boolean withCondition) {
    Expr first = withCondition ? expression() : or();
    if (!token().is(",")) {
      return first;
    }
    List<Expr> items = new ArrayList<>();
    items.add(first);
    while (skip(",")) {
      if (!startsExpression()) {
        break;
      }
      items.add(withCondition ? expression() : or());
    }
    return new Expr.Items(items, Seq.Kind.TUPLE);
  }

  private boolean startsExpression() {
    Token t = token();
    return switch (t.kind()) {
      case STRING, INTEGER, FLOAT -> true;
      case NAME -> !t.text().equals("in") && !t.text().equals("if") && !t.text().equals("else");
      case OPERATOR -> "([{-+".contains(t.text());
      default -> false;
    };
  }

  final Expr expression() {
    enter();
    Expr value = or();
    int n = 0;
    while (skipName("if")) {
      chain(++n);
      Expr condition = or();
      Expr otherwise = skipName("else") ? expression() : null;
      value = new Expr.Conditional(condition, value, otherwise);
    }
    leave();
    return value;
  }

  final Expr or() {
    Expr left = and();
    for (int n = 0; skipName("or"); chain(++n)) {
      left = new Expr.Or(left, and());
    }
    return left;
  }

  private Expr and() {
    Expr left = not();
    for (int n = 0; skipName("and"); chain(++n)) {
      left = new Expr.And(left, not());
    }
    return left;
  }

  private Expr not() {
    if (token().isName("not")) {
      pos++;
      enter();
      Expr of = not();
      leave();
      return new Expr.Not(of);
    }
    return compare();
  }

  private Expr compare() {
    int at = at();
    Expr first = sum();
    List<String> operators = new ArrayList<>();
    List<Expr> others = new ArrayList<>();
    while (true) {
      String operator = comparison();
      if (operator.isEmpty()) {
        break;
      }
      chain(operators.size());
      operators.add(operator);
      others.add(sum());
    }
    return operators.isEmpty() ? first : new Expr.Compare(first, operators, others, at);
  }

  private String comparison() {
    Token t = token();
    if (t.kind() == Token.Kind.OPERATOR) {
      boolean compares =
          switch (t.text()) {
            case "==", "!=", "<", "<=", ">", ">=" -> true;
            default -> false;
          };
      pos += compares ? 1 : 0;
      return compares ? t.text() : "";
    }
    if (t.isName("in")) {
      pos++;
      return "in";
    }
    if (t.isName("not") && ahead().isName("in")) {
      pos += 2;
      return "not in";
    }
    return "";
  }

  private Expr sum() {
    Expr left = concat();
    for (int n = 0; token().is("+") || token().is("-"); chain(++n)) {
      Token operator = take();
      left = new Expr.Binary(operator.text(), left, concat(), operator.at());
    }
    return left;
  }

  private Expr concat() {
    int at = at();
    Expr first = product();
    if (!token().is("~")) {
      return first;
    }
    List<Expr> parts = new ArrayList<>();
    parts.add(first);
    while (skip("~")) {
      parts.add(product());
    }
    return new Expr.Concat(parts, at);
  }

  private Expr product() {
    Expr left = power();
    for (int n = 0; isProduct(token()); chain(++n)) {
      Token operator = take();
      left = new Expr.Binary(operator.text(), left, power(), operator.at());
    }
    return left;
  }

  private static boolean isProduct(Token t) {
    return t.is("*") || t.is("/") || t.is("//") || t.is("%");
  }

  private Expr power() {
    Expr left = unary(true);
    for (int n = 0; token().is("**"); chain(++n)) {
      Token operator = take();
      left = new Expr.Binary("**", left, unary(true), operator.at());
    }
    return left;
  }

  private Expr unary(boolean withFilter) {
    Token t = token();
    Expr value;
    if (t.is("-") || t.is("+")) {
      pos++;
      enter();
      value = new Expr.Sign(t.is("-"), unary(false), t.at());
      leave();
    } else {
      value = postfix(primary());
    }
    return withFilter ? filtersAndTests(value) : value;
  }

  private Expr primary() {
    Token t = take();
    switch (t.kind()) {
      case NAME -> {
        return named(t);
      }
      case STRING -> {
        StringBuilder text = new StringBuilder(t.text());
        while (token().kind() == Token.Kind.STRING) {
          text.append(take().text());
        }
        return new Expr.Literal(Text.template(text.toString()));
      }
      case INTEGER -> {
        return new Expr.Literal(Numbers.shrink(new BigInteger(t.text())));
      }
      case FLOAT -> {
        return new Expr.Literal(Double.valueOf(t.text()));
      }
      default -> {
        if (t.is("(")) {
          return parenthesized();
        }
        if (t.is("[")) {
          return list();
        }
        if (t.is("{")) {
          return dict();
        }
      }
    }
    pos--;
    throw expected("an expression");
  }

  private Expr named(Token t) {
    return switch (t.text()) {
      case "true", "True" -> new Expr.Literal(true);
      case "false", "False" -> new Expr.Literal(false);
      case "none", "None" -> new Expr.Literal(None.NONE);
      default -> variable(t.text());
    };
  }

  final Expr.Name variable(String name) {
    for (Scope s = scope; s != null; s = s.parent) {
      if (s.isMacro()) {
        s.usesCaller |= name.equals("caller");
        s.usesVarargs |= name.equals("varargs");
        s.usesKwargs |= name.equals("kwargs");
        break;
      }
    }
    Expr.Name variable = new Expr.Name(name, scope);
    names.add(variable);
    return variable;
  }

  private Expr parenthesized() {
    enter();
    if (skip(")")) {
      leave();
      return new Expr.Items(List.of(), Seq.Kind.TUPLE);
    }
    Expr value = tuple(true);
    expect(")");
    leave();
    return value;
  }

  private Expr list() {
    enter();
    List<Expr> items = new ArrayList<>();
    while (!skip("]")) {
      if (!items.isEmpty()) {
        expect(",");
        if (skip("]")) {
          break;
        }
      }
      items.add(expression());
    }
    leave();
    return new Expr.Items(items, Seq.Kind.LIST);
  }

  private Expr dict() {
    enter();
    List<Expr> keys = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (!skip("}")) {
      if (!keys.isEmpty()) {
        expect(",");
        if (skip("}")) {
          break;
        }
      }
      keys.add(expression());
      expect(":");
      values.add(expression());
    }
    leave();
    return new Expr.Pairs(keys, values);
  }

  final Expr postfix(Expr start) {
    Expr value = start;
    for (int n = 0; ; chain(++n)) {
      Token t = token();
      if (t.is(".")) {
        pos++;
        Token member = take();
        if (member.kind() == Token.Kind.NAME) {
          value = new Expr.Attribute(value, member.text(), t.at());
        } else if (member.kind() == Token.Kind.INTEGER) {
          Expr index = new Expr.Literal(Numbers.shrink(new BigInteger(member.text())));
          value = new Expr.Subscript(value, index, t.at());
        } else {
          pos--;
          throw expected("a name or a number after '.'");
        }
      } else if (t.is("[")) {
        pos++;
        value = subscript(value, t.at());
      } else if (t.is("(")) {
        pos++;
        value = new Expr.Call(value, arguments(), t.at());
      } else {
        return value;
      }
    }
  }

  private Expr subscript(Expr of, int at) {
    enter();
    Expr value;
    Expr from = token().is(":") ? null : tuple(true);
    if (skip(":")) {
      Expr to = token().is(":") || token().is("]") ? null : expression();
      Expr step = skip(":") && !token().is("]") ? expression() : null;
      value = new Expr.Slice(of, from, to, step, at);
    } else if (from == null) {
      throw expected("an index");
    } else {
      value = new Expr.Subscript(of, from, at);
    }
    expect("]");
    leave();
    return value;
  }

  /** The arguments behind an opening parenthesis, with the closing one. */
  final Arguments arguments() {
    enter();
    List<Expr> positional = new ArrayList<>();
    List<String> keywords = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    Expr star = null;
    Expr doubleStar = null;
    for (boolean first = true; !skip(")"); first = false) {
      if (!first) {
        expect(",");
        if (skip(")")) {
          break;
        }
      }
      if (skip("**")) {
        doubleStar = expression();
      } else if (skip("*")) {
        star = expression();
      } else if (token().kind() == Token.Kind.NAME && ahead().is("=")) {
        keywords.add(take().text());
        pos++;
        values.add(expression());
      } else if (!keywords.isEmpty() || doubleStar != null) {
        throw expected("a named argument");
      } else {
        positional.add(expression());
      }
    }
    leave();
    return new Arguments(positional, keywords, values, star, doubleStar);
  }

  final Expr filtersAndTests(Expr start) {
    Expr value = start;
    for (int n = 0; ; chain(++n)) {
      if (token().is("|")) {
        pos++;
        value = filter(value);
      } else if (token().isName("is")) {
        value = test(value);
      } else if (token().is("(")) {
        int at = take().at();
        value = new Expr.Call(value, arguments(), at);
      } else {
        return value;
      }
    }
  }

  final Expr.Filter filter(Expr input) {
    int at = at();
    String name = dotted("a filter's name");
    return new Expr.Filter(input, name, skip("(") ? arguments() : Arguments.NONE, at);
  }

  private String dotted(String what) {
    String name = name(what);
    while (skip(".")) {
      name = name.concat(".").concat(name(what));
    }
    return name;
  }

  private Expr test(Expr input) {
    int at = take().at();
    boolean negated = skipName("not");
    String name = dotted("a test's name");
    Arguments arguments = Arguments.NONE;
    if (skip("(")) {
      arguments = arguments();
    } else if (startsTestArgument()) {
      enter();
      Expr argument = postfix(primary());
      leave();
      arguments = new Arguments(List.of(argument), List.of(), List.of(), null, null);
    }
    return new Expr.Test(input, name, arguments, negated, at);
  }

  private boolean startsTestArgument() {
    Token t = token();
    return switch (t.kind()) {
      case STRING, INTEGER, FLOAT -> true;
      case OPERATOR -> t.is("[") || t.is("{");
      case NAME ->
          switch (t.text()) {
            case "else", "or", "and", "if", "in", "not", "is", "recursive" -> false;
            default -> true;
          };
      default -> false;
    };
  }

  /** What {@code for} and {@code set} assign to. */
  final Target target(Scope in, boolean withAttribute) {
    List<Target> targets = new ArrayList<>();
    boolean tuple = false;
    do {
      if (!targets.isEmpty() && token().kind() != Token.Kind.NAME && !token().is("(")) {
        break;
      }
      targets.add(oneTarget(in, withAttribute));
      tuple |= token().is(",");
    } while (skip(","));
    return tuple ? new Target.Several(targets) : targets.get(0);
  }

  private Target oneTarget(Scope in, boolean withAttribute) {
    if (skip("(")) {
      enter();
      Target inner = target(in, withAttribute);
      expect(")");
      leave();
      return inner;
    }
    String name = name("a variable's name");
    if (withAttribute && skip(".")) {
      return new Target.Attribute(variable(name), name("an attribute's name"));
    }
    return switch (name) {
      case "true", "false", "none", "True", "False", "None" ->
          throw new Failure("'" + name + "' can't be assigned to");
      default -> new Target.Variable(in.declare(name));
    };
  }

  final @Nullable Expr optional(String keyword) {
    return skipName(keyword) ? expression() : null;
  }
}
