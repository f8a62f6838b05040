using System.Text;
using Broker.Protocol.Client;

namespace Broker.Client;

/// <summary>
/// A message that a consumer received. It is to be answered once, by <see cref="Finish"/> or <see cref="Requeue()"/>, within
/// <see cref="Timeout"/>: otherwise the server delivers it again. Members may be called from any thread.
/// </summary>
/// <remarks>
/// A value of two references: besides the array under <see cref="Body"/> a message allocates nothing. That array is the
/// receiver's to keep.
/// </remarks>
public readonly struct NsqMessage : IEquatable<NsqMessage>
{
    // The array holds the data of the message's frame behind one byte that tells whether it was answered: so the state of a
    // message needs no object of its own.
    private const int StateSize = 1;

    private readonly ConsumerConnection _connection;
    private readonly byte[] _data;

    internal NsqMessage(ConsumerConnection connection, byte[] data)
    {
        _connection = connection;
        _data = data;
    }

    /// <summary>What was published.</summary>
    public ReadOnlyMemory<byte> Body => _data.AsMemory(StateSize + MessageFrame.HeaderSize);

    /// <summary>The message's name on its server: 16 hexadecimal digits, the same at each delivery. Makes a string at each call.</summary>
    public string Id => Encoding.ASCII.GetString(Frame.Id);

    /// <summary>When the server accepted the message, in UTC.</summary>
    public DateTimeOffset Timestamp => DateTimeOffset.UnixEpoch.AddTicks(Frame.Timestamp / TimeSpan.NanosecondsPerTick);

    /// <summary>Which delivery this is: 1 for the first.</summary>
    public int Attempts => Frame.Attempts;

    /// <summary>The server it came from, as host:port.</summary>
    public string Address => _connection.AddressText;

    /// <summary>How long the server waits for an answer, from the delivery or the last <see cref="Touch"/> on.</summary>
    public TimeSpan Timeout => _connection.MessageTimeout;

    /// <summary>Whether it was finished or requeued.</summary>
    public bool IsAnswered => Volatile.Read(ref State) != 0;

    internal ConsumerConnection Connection => _connection;

    private ref byte State => ref _data[0];

    private MessageFrame Frame => new(WireData(_data));

    /// <summary>Whether both are the same delivery of the same message.</summary>
    public static bool operator ==(NsqMessage left, NsqMessage right) => left.Equals(right);

    /// <summary>Whether they are different deliveries.</summary>
    public static bool operator !=(NsqMessage left, NsqMessage right) => !left.Equals(right);

    /// <summary>Says that the message is done with. Does not wait for the server, which does not answer.</summary>
    /// <returns>
    /// False when it has been answered before or its connection is gone, in which case the server will deliver it again.
    /// </returns>
    public bool Finish() => _connection.Finish(this);

    /// <summary>
    /// Gives the message back, to be delivered again after a delay that grows with its attempts
    /// (<see cref="NsqConsumerOptions.RequeueDelay"/>), and lets the consumer back off.
    /// </summary>
    /// <inheritdoc cref="Finish" path="/returns"/>
    public bool Requeue() => _connection.Requeue(this, null, backOff: true);

    /// <summary>Gives the message back, to be delivered again after a delay.</summary>
    /// <param name="delay">At millisecond precision; the server may shorten it to its own limit (an hour by default).</param>
    /// <param name="backOff">Whether the consumer counts this as a failure and receives less for a while.</param>
    /// <inheritdoc cref="Finish" path="/returns"/>
    /// <exception cref="ArgumentOutOfRangeException">The delay is negative.</exception>
    public bool Requeue(TimeSpan delay, bool backOff = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        return _connection.Requeue(this, delay, backOff);
    }

    /// <summary>Asks for the whole <see cref="Timeout"/> anew, up to the server's limit (15 minutes by default).</summary>
    /// <returns>False when the message was answered or its connection is gone.</returns>
    public bool Touch() => !IsAnswered && _connection.Touch(Frame.Id);

    /// <inheritdoc/>
    public bool Equals(NsqMessage other) => ReferenceEquals(_data, other._data);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is NsqMessage other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _data is null ? 0 : System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(_data);

    /// <summary>Room for the data of a message's frame.</summary>
    /// <exception cref="MalformedFrameException">It is too short for a message.</exception>
    internal static byte[] Allocate(int size)
    {
        if (size < MessageFrame.HeaderSize)
            throw new MalformedFrameException($"a message of {size} bytes is shorter than its header");
        byte[] data = GC.AllocateUninitializedArray<byte>(StateSize + size);
        data[0] = 0;
        return data;
    }

    internal static Span<byte> WireData(byte[] data) => data.AsSpan(StateSize);

    /// <summary>Marks the message as answered; false when it was already.</summary>
    internal bool TryAnswer(out ReadOnlySpan<byte> id)
    {
        id = Frame.Id;
        return Interlocked.Exchange(ref State, 1) == 0;
    }
}
