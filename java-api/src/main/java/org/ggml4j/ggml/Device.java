package org.ggml4j.ggml;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.bindings.ggml.ggml_backend_dev_caps;
import org.ggml4j.bindings.ggml.ggml_backend_dev_get_extra_bufts_t;
import org.ggml4j.bindings.ggml.ggml_backend_dev_props;
import org.ggml4j.bindings.ggml.ggml_backend_feature;
import org.ggml4j.bindings.ggml.ggml_backend_get_features_t;

/**
 * Something that computes: the CPU, or a graphics card of one of the backends that are installed.
 *
 * <p>Devices live as long as the process. Instances are immutable and may be used from any thread.
 */
public final class Device {
  /** What kind of device it is; follows {@code enum ggml_backend_dev_type} of ggml-backend.h. */
  public enum Type {
    CPU,
    GPU,
    /** A graphics unit that shares the CPU's memory. */
    IGPU,
    /** A library that works beside the CPU on its memory, such as BLAS. */
    ACCEL,
    META
  }

  private final MemorySegment handle;
  private final String name;
  private final String description;
  private final Type type;
  private final boolean bufferFromHostPointer;
  private final BufferType bufferType;
  private final List<BufferType> extraBufferTypes;

  private Device(MemorySegment handle) {
    this.handle = handle;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment props = ggml_backend_dev_props.allocate(arena);
      Ggml.ggml_backend_dev_get_props(handle, props);
      name = Native.string(ggml_backend_dev_props.name(props));
      description = Native.string(ggml_backend_dev_props.description(props)).strip();
      type = Type.values()[ggml_backend_dev_props.type(props)];
      bufferFromHostPointer =
          ggml_backend_dev_caps.buffer_from_host_ptr(ggml_backend_dev_props.caps(props));
    }
    bufferType = new BufferType(Ggml.ggml_backend_dev_buffer_type(handle));
    extraBufferTypes = readExtraBufferTypes();
  }

  private List<BufferType> readExtraBufferTypes() {
    MemorySegment function = Native.procAddress(registry(), "ggml_backend_dev_get_extra_bufts");
    if (function.address() == 0) {
      return List.of();
    }
    MemorySegment list = ggml_backend_dev_get_extra_bufts_t.invoke(function, handle);
    List<BufferType> types = new ArrayList<>();
    if (list.address() != 0) {
      MemorySegment entries = list.reinterpret(Long.MAX_VALUE);
      for (long i = 0; ; i++) {
        MemorySegment entry = entries.getAtIndex(ValueLayout.ADDRESS, i);
        if (entry.address() == 0) {
          break;
        }
        types.add(new BufferType(entry));
      }
    }
    return List.copyOf(types);
  }

  /** Every device that the loaded backends offer, in GGML's order. */
  public static List<Device> all() {
    Native.library();
    return Holder.ALL;
  }

  /**
   * The CPU.
   *
   * @throws GgmlException when GGML has devices, but no CPU among them
   */
  public static Device cpu() {
    return all().stream()
        .filter(d -> d.type == Type.CPU)
        .findFirst()
        .orElseThrow(
            () ->
                new GgmlException(
                    GgmlException.Status.FAILED,
                    0,
                    "no CPU backend (libggml-cpu*) in "
                        + Native.library().directory()
                        + " suits this machine: build GGML here with Maven, or use a build made"
                        + " with -Pportable"));
  }

  /** The device that GGML calls so, such as {@code CUDA0}. */
  public static Optional<Device> byName(String name) {
    return all().stream().filter(d -> d.name.equals(name)).findFirst();
  }

  MemorySegment handle() {
    return handle;
  }

  MemorySegment registry() {
    return Ggml.ggml_backend_dev_backend_reg(handle);
  }

  public String name() {
    return name;
  }

  /** The product's name, such as the processor's. */
  public String description() {
    return description;
  }

  public Type type() {
    return type;
  }

  /** Name of the backend the device belongs to, such as {@code CPU} or {@code CUDA}. */
  public String backendName() {
    return Native.string(Ggml.ggml_backend_reg_name(registry()));
  }

  /** Bytes of memory that are free now. */
  public long memoryFree() {
    return memory(0);
  }

  /** Bytes of memory that the device has. */
  public long memoryTotal() {
    return memory(1);
  }

  private long memory(int which) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment sizes = arena.allocate(ValueLayout.JAVA_LONG, 2);
      Ggml.ggml_backend_dev_memory(
          handle, sizes.asSlice(0, Long.BYTES), sizes.asSlice(Long.BYTES, Long.BYTES));
      return sizes.getAtIndex(ValueLayout.JAVA_LONG, which);
    }
  }

  /** Whether weights can stay where a file is mapped. */
  public boolean canUseHostMemory() {
    return bufferFromHostPointer;
  }

  /** The device's usual memory. */
  public BufferType bufferType() {
    return bufferType;
  }

  /**
   * Memory that stores weights rearranged for faster kernels (AMX tiles, interleaved rows), best
   * first.
   */
  public List<BufferType> extraBufferTypes() {
    return extraBufferTypes;
  }

  /**
   * What the backend says it was built for and found, such as {@code AVX512=1}; empty if it says
   * nothing.
   */
  public Map<String, String> features() {
    MemorySegment function = Native.procAddress(registry(), "ggml_backend_get_features");
    if (function.address() == 0) {
      return Map.of();
    }
    Map<String, String> features = new LinkedHashMap<>();
    MemorySegment list =
        ggml_backend_get_features_t.invoke(function, registry()).reinterpret(Long.MAX_VALUE);
    for (long i = 0; ; i++) {
      MemorySegment feature =
          list.asSlice(i * ggml_backend_feature.sizeof(), ggml_backend_feature.sizeof());
      if (ggml_backend_feature.name(feature).address() == 0) {
        break;
      }
      features.put(
          Native.string(ggml_backend_feature.name(feature)),
          Native.string(ggml_backend_feature.value(feature)));
    }
    return Collections.unmodifiableMap(features);
  }

  @Override
  public String toString() {
    return name + " (" + description + ")";
  }

  private static final class Holder {
    static final List<Device> ALL = read();

    private static List<Device> read() {
      List<Device> devices = new ArrayList<>();
      for (long i = 0; i < Ggml.ggml_backend_dev_count(); i++) {
        devices.add(new Device(Ggml.ggml_backend_dev_get(i)));
      }
      return List.copyOf(devices);
    }
  }
}
