package org.ggml4j.ggml;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.ggml4j.bindings.ggml.Ggml;
import org.ggml4j.bindings.ggml.ggml_init_params;
import org.ggml4j.bindings.ggml.ggml_tensor;
import org.ggml4j.gguf.GgmlType;

/**
 * Owns stored tensors and the buffers they lie in, one buffer for each kind of memory.
 *
 * <p>First every weight is declared, then {@link #allocate} or {@link #mapHost} gives them memory,
 * then their bytes are set. Declaring and setting is for one thread; reading may be done by any
 * number.
 */
public final class WeightStore implements CloseStack.Closing {
  private static final int ALIGNMENT = 32;

  private final Arena arena = Arena.ofShared();
  private final CloseStack owned = new CloseStack();
  private final Map<BufferType, Group> groups = new LinkedHashMap<>();
  private final IdentityHashMap<Weight, BufferType> memory = new IdentityHashMap<>();
  private final int maxTensors;
  private boolean closed;

  /**
   * The weights of one kind of memory: a metadata context, its tensors, and the buffers under them.
   */
  private static final class Group {
    final MemorySegment context;
    final Set<Weight> pending = new LinkedHashSet<>();
    int declared;

    Group(MemorySegment context) {
      this.context = context;
    }
  }

  /**
   * @param maxTensors how many weights can be declared for each kind of memory
   */
  public WeightStore(int maxTensors) {
    Native.library();
    this.maxTensors = maxTensors;
    owned.push(arena::close);
  }

  private Group group(BufferType bufferType) {
    return groups.computeIfAbsent(bufferType, type -> new Group(newContext(maxTensors)));
  }

  private MemorySegment newContext(int tensors) {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment context = newContext(call, tensors);
      owned.push(() -> Ggml.ggml_free(context));
      return context;
    }
  }

  private static MemorySegment newContext(Arena call, int tensors) {
    MemorySegment params = call.allocate(ggml_init_params.layout());
    ggml_init_params.mem_size(params, Ggml.ggml_tensor_overhead() * (tensors + 1L));
    ggml_init_params.mem_buffer(params, MemorySegment.NULL);
    ggml_init_params.no_alloc(params, true);
    MemorySegment context = Ggml.ggml_init(params);
    if (context.address() == 0) {
      throw new GgmlException(
          GgmlException.Status.ALLOC_FAILED, 0, "no memory for the description of the weights");
    }
    return context;
  }

  /**
   * Declares a weight.
   *
   * @param ne sizes, fastest dimension first, one to four of them
   */
  public Weight declare(BufferType bufferType, String name, GgmlType type, long... ne) {
    checkOpen();
    Group group = group(bufferType);
    if (group.declared == maxTensors) {
      throw new IllegalStateException("more than " + maxTensors + " weights in " + bufferType);
    }
    long[] sizes = Shapes.checked("weight " + name, type, ne);
    MemorySegment tensor = newTensor(group.context, type, sizes);
    Shapes.setName(tensor, name);
    Weight weight = new Weight(tensor.reinterpret(arena, null), name, type, sizes);
    group.declared++;
    group.pending.add(weight);
    memory.put(weight, bufferType);
    return weight;
  }

  /**
   * Declares the first rows of a matrix as a weight of its own, in the same memory, which gets its
   * data with the matrix.
   */
  public Weight firstRows(Weight matrix, long n) {
    checkOpen();
    Group group = group(bufferType(matrix));
    if (n < 1 || n > matrix.ne(1) || !group.pending.contains(matrix)) {
      throw new IllegalArgumentException(n + " rows of " + matrix + ", or it has memory already");
    }
    long row = matrix.type().rowSize(matrix.ne(0));
    MemorySegment view =
        Ggml.ggml_view_4d(
                group.context, matrix.handle(), matrix.ne(0), n, 1, 1, row, row * n, row * n, 0)
            .reinterpret(arena, null);
    Shapes.setName(view.reinterpret(ggml_tensor.sizeof()), matrix.name());
    Weight weight =
        new Weight(view, matrix.name(), matrix.type(), new long[] {matrix.ne(0), n, 1, 1});
    memory.put(weight, bufferType(matrix));
    return weight;
  }

  /** Marks a weight as a parameter, so that gradients of it can be computed; F32 only. */
  public void setParameter(Weight weight) {
    checkOpen();
    if (weight.type() != GgmlType.F32) {
      throw new IllegalArgumentException(weight + " can't be trained: expected F32");
    }
    Ggml.ggml_set_param(weight.handle());
  }

  /** The memory that a weight was declared for. */
  public BufferType bufferType(Weight weight) {
    BufferType type = memory.get(weight);
    if (type == null) {
      throw new IllegalArgumentException(weight + " is not of this store");
    }
    return type;
  }

  private static MemorySegment newTensor(MemorySegment context, GgmlType type, long[] ne) {
    return Ggml.ggml_new_tensor_4d(context, type.id(), ne[0], ne[1], ne[2], ne[3])
        .reinterpret(ggml_tensor.sizeof());
  }

  /**
   * Lays the declared weights of a buffer type over memory that holds them already, such as a
   * mapped file.
   *
   * @param host the whole of that memory, aligned to 32 bytes; must outlive this store
   * @param offsets where in {@code host} each weight begins, in bytes
   * @throws GgmlException if the device refuses the memory
   */
  public void mapHost(Device device, MemorySegment host, Map<Weight, Long> offsets) {
    checkOpen();
    long largest = offsets.keySet().stream().mapToLong(Weight::nBytes).max().orElse(0);
    for (Map.Entry<Weight, Long> e : offsets.entrySet()) {
      if (e.getValue() < 0 || e.getValue() > host.byteSize() - e.getKey().nBytes()) {
        throw new IllegalArgumentException(
            e.getKey() + " at offset " + e.getValue() + " is outside of " + host.byteSize());
      }
    }
    MemorySegment buffer =
        Ggml.ggml_backend_dev_buffer_from_host_ptr(device.handle(), host, host.byteSize(), largest);
    if (buffer.address() == 0) {
      throw new GgmlException(
          GgmlException.Status.ALLOC_FAILED,
          host.byteSize(),
          device + " can't use the mapped file; load without mapping it");
    }
    owned.push(() -> Ggml.ggml_backend_buffer_free(buffer));
    Ggml.ggml_backend_buffer_set_usage(buffer, Ggml.GGML_BACKEND_BUFFER_USAGE_WEIGHTS());
    for (Map.Entry<Weight, Long> e : offsets.entrySet()) {
      int status =
          Ggml.ggml_backend_tensor_alloc(
              buffer, e.getKey().handle(), host.asSlice(e.getValue(), e.getKey().nBytes()));
      if (status != Ggml.GGML_STATUS_SUCCESS()) {
        throw new GgmlException(
            GgmlException.Status.FAILED, e.getKey().nBytes(), "cannot place " + e.getKey());
      }
    }
    groups.values().forEach(group -> group.pending.removeAll(offsets.keySet()));
  }

  /**
   * Allocates memory for every weight that has none yet.
   *
   * @param usage whether the scheduler should count the memory as weights; a cache is not
   * @return bytes allocated in each kind of memory
   * @throws GgmlException if the memory cannot be had
   */
  public Map<BufferType, Long> allocate(Usage usage) {
    checkOpen();
    Map<BufferType, Long> bytes = new LinkedHashMap<>();
    groups.forEach(
        (type, group) -> {
          if (!group.pending.isEmpty()) {
            long wanted =
                Ggml.ggml_backend_alloc_ctx_tensors_from_buft_size(group.context, type.handle());
            MemorySegment buffer =
                Ggml.ggml_backend_alloc_ctx_tensors_from_buft(group.context, type.handle());
            if (buffer.address() == 0) {
              throw new GgmlException(
                  GgmlException.Status.ALLOC_FAILED,
                  wanted,
                  "no memory for " + wanted + " bytes of " + type);
            }
            owned.push(() -> Ggml.ggml_backend_buffer_free(buffer));
            if (usage == Usage.WEIGHTS) {
              Ggml.ggml_backend_buffer_set_usage(buffer, Ggml.GGML_BACKEND_BUFFER_USAGE_WEIGHTS());
            }
            group.pending.clear();
            bytes.put(type, Ggml.ggml_backend_buffer_get_size(buffer));
          }
        });
    return bytes;
  }

  /** What the memory is for. */
  public enum Usage {
    WEIGHTS,
    CACHE
  }

  /**
   * Copies bytes into a weight, rearranging them if its memory wants that; all of them at once. For
   * weights in the CPU's memory several threads may do so.
   */
  public void set(Weight weight, MemorySegment data) {
    checkOpen();
    if (data.byteSize() != weight.nBytes()) {
      throw new IllegalArgumentException(
          weight + " has " + weight.nBytes() + " bytes, found " + data.byteSize());
    }
    Ggml.ggml_backend_tensor_set(weight.handle(), data, 0, data.byteSize());
  }

  /**
   * Like {@link #set(Weight, MemorySegment)}, for a matrix of which there may be less data than
   * rows; those without are zeros.
   *
   * @param data the first rows
   */
  public void setPadded(Weight matrix, MemorySegment data) {
    long row = matrix.type().rowSize(matrix.ne(0));
    long inGroups = data.byteSize() / (row * BufferType.AMX_ROWS) * BufferType.AMX_ROWS;
    if (data.byteSize() == matrix.nBytes()) {
      set(matrix, data);
    } else if (bufferType(matrix).isAmx() && inGroups > 0) {
      setInPieces(matrix, data, row, inGroups);
    } else {
      try (Arena call = Arena.ofConfined()) {
        set(matrix, call.allocate(matrix.nBytes(), ALIGNMENT).copyFrom(data));
      }
    }
  }

  /**
   * AMX's memory has groups of rows one after the other, so that those which need no zeros are
   * taken from where they lie. A copy of all would take longer than rearranging them.
   */
  private void setInPieces(Weight matrix, MemorySegment data, long row, long inGroups) {
    checkOpen();
    MemorySegment type = bufferType(matrix).handle();
    MemorySegment buffer = ggml_tensor.buffer(matrix.handle());
    MemorySegment memory = ggml_tensor.data(matrix.handle());
    try (Arena call = Arena.ofConfined()) {
      long rest = matrix.ne(1) - inGroups;
      MemorySegment padded = call.allocate(rest * row).copyFrom(data.asSlice(inGroups * row));
      MemorySegment context = newContext(call, 2);
      try {
        MemorySegment first =
            newTensor(context, matrix.type(), new long[] {matrix.ne(0), inGroups, 1, 1});
        Ggml.ggml_backend_tensor_alloc(buffer, first, memory);
        Ggml.ggml_backend_tensor_set(first, data, 0, inGroups * row);
        MemorySegment last =
            newTensor(context, matrix.type(), new long[] {matrix.ne(0), rest, 1, 1});
        long size = Ggml.ggml_backend_buft_get_alloc_size(type, first);
        Ggml.ggml_backend_tensor_alloc(
            buffer, last, MemorySegment.ofAddress(memory.address() + size));
        Ggml.ggml_backend_tensor_set(last, padded, 0, padded.byteSize());
      } finally {
        Ggml.ggml_free(context);
      }
    }
  }

  /** Copies part of a weight, in plain memory only. */
  public void get(Weight weight, long offset, MemorySegment to) {
    checkOpen();
    checkRange(weight, offset, to.byteSize());
    Ggml.ggml_backend_tensor_get(weight.handle(), to, offset, to.byteSize());
  }

  /** Overwrites part of a weight, in plain memory only. */
  public void set(Weight weight, long offset, MemorySegment from) {
    checkOpen();
    checkRange(weight, offset, from.byteSize());
    Ggml.ggml_backend_tensor_set(weight.handle(), from, offset, from.byteSize());
  }

  private static void checkRange(Weight weight, long offset, long size) {
    if (offset < 0 || size > weight.nBytes() - offset) {
      throw new IllegalArgumentException(
          weight
              + ": bytes "
              + offset
              + " to "
              + (offset + size)
              + " are outside of its "
              + weight.nBytes());
    }
  }

  /** Sets every byte of a weight to zero. */
  public void clear(Weight weight) {
    checkOpen();
    Ggml.ggml_backend_tensor_memset(weight.handle(), (byte) 0, 0, weight.nBytes());
  }

  /** Sets part of a weight to zero, in plain memory only. */
  public void clear(Weight weight, long offset, long size) {
    checkOpen();
    checkRange(weight, offset, size);
    Ggml.ggml_backend_tensor_memset(weight.handle(), (byte) 0, offset, size);
  }

  /**
   * Where a weight may lie, best first: a memory with rearranged weights only if the device
   * computes {@code operation} from there, else the device's own.
   *
   * @param operation builds a graph's use of a weight: a matrix product of such weights
   * @param type type of the weight
   * @param ne its sizes
   * @param extras whether rearranged memory may be chosen
   */
  public static BufferType choose(
      Device device, Operation operation, boolean extras, GgmlType type, long... ne) {
    if (extras && operation != Operation.OTHER) {
      long[] sizes = Shapes.checked("weight", type, ne);
      boolean one = sizes[2] == 1 && sizes[3] == 1;
      for (BufferType candidate : device.extraBufferTypes()) {
        if ((one || !candidate.isForOneMatrix())
            && !candidate.isSlow(type)
            && supports(device, candidate, operation, type, sizes)) {
          return candidate;
        }
      }
    }
    return device.bufferType();
  }

  /** What is done with a weight, which decides the memory it may lie in. */
  public enum Operation {
    /** {@code mulMat(weight, x)}. */
    MUL_MAT,
    /** {@code mulMatId(weight, x, ids)}: a stack of experts. */
    MUL_MAT_ID,
    /** Anything else: read by rows, multiplied or added element by element. */
    OTHER
  }

  /**
   * Asks the device about the operation on a weight that seems to lie in that memory, as
   * llama.cpp's loader does.
   */
  private static boolean supports(
      Device device, BufferType bufferType, Operation operation, GgmlType type, long[] ne) {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment context = newContext(call, 8);
      try {
        MemorySegment weight = newTensor(context, type, ne);
        MemorySegment node;
        if (operation == Operation.MUL_MAT) {
          MemorySegment x =
              Ggml.ggml_new_tensor_4d(context, GgmlType.F32.id(), ne[0], 512, ne[2], ne[3]);
          node = Ggml.ggml_mul_mat(context, weight, x);
        } else {
          long used = Math.min(2, ne[2]);
          MemorySegment x = Ggml.ggml_new_tensor_3d(context, GgmlType.F32.id(), ne[0], used, 512);
          MemorySegment ids = Ggml.ggml_new_tensor_2d(context, GgmlType.I32.id(), used, 512);
          node = Ggml.ggml_mul_mat_id(context, weight, x, ids);
        }
        MemorySegment buffer = Ggml.ggml_backend_buft_alloc_buffer(bufferType.handle(), 0);
        ggml_tensor.buffer(weight, buffer);
        boolean supported = Ggml.ggml_backend_dev_supports_op(device.handle(), node);
        ggml_tensor.buffer(weight, MemorySegment.NULL);
        if (buffer.address() != 0) {
          Ggml.ggml_backend_buffer_free(buffer);
        }
        return supported;
      } finally {
        Ggml.ggml_free(context);
      }
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("these weights were closed");
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      owned.close();
    }
  }
}
