using System.Text;
using Broker.Protocol.Client;

namespace Broker.Client;

/// <summary>
/// A message that a consumer received. It is to be answered once, by <see cref="Finish"/> or <see cref="Requeue()"/>, within
/// <see cref="Timeout"/>: otherwise the server delivers it again. Members may be called from any thread.
/// </summary>
/// <remarks>
/// A value: besides what lies under <see cref="Body"/> a message allocates nothing.
/// </remarks>
public readonly struct NsqMessage : IEquatable<NsqMessage>
{
    private readonly ConsumerConnection _connection;

    // The type begins with a byte that is 0 for every message: it has been read, and tells from now on whether the message was answered.
    // So the state of a message needs no object of its own.
    private readonly ArraySegment<byte> _bytes;

    /// <exception cref="MalformedFrameException">It is too short for a message.</exception>
    internal NsqMessage(ConsumerConnection connection, ArraySegment<byte> bytes)
    {
        _ = new MessageFrame(DataOf(bytes));
        _connection = connection;
        _bytes = bytes;
    }

    /// <summary>
    /// What was published. It stays as it is for as long as it is kept; but it shares an array of 64 KiB with what came before and after it,
    /// so who keeps few of many for long should copy them.
    /// </summary>
    public ReadOnlyMemory<byte> Body => _bytes.AsMemory(FrameReader.TypeSize + MessageFrame.HeaderSize);

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

    private ref byte State => ref _bytes.Array![_bytes.Offset];

    private MessageFrame Frame => new(DataOf(_bytes));

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
    public bool Equals(NsqMessage other) => _bytes.Equals(other._bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is NsqMessage other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _bytes.GetHashCode();

    /// <summary>Marks the message as answered; false when it was already.</summary>
    internal bool TryAnswer(out ReadOnlySpan<byte> id)
    {
        id = Frame.Id;
        return Interlocked.Exchange(ref State, 1) == 0;
    }

    private static ReadOnlySpan<byte> DataOf(ArraySegment<byte> bytes) => bytes.AsSpan(FrameReader.TypeSize);
}
