using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace Broker.Tests.Running;

/// <summary>
/// A bare client: sends the bytes that a test says, and expects frames. It reads only when it is asked to, answers nothing by
/// itself, and every wait ends with what was awaited and what came instead.
/// </summary>
public sealed class NsqSocket : IAsyncDisposable
{
    /// <summary>Bound of every wait: it ends when something is wrong, not when the machine is busy.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private const int RememberedFrames = 6;

    // Nobody subscribes to it, and what is dropped of it is missed by nobody.
    private const string QuietTopic = "quiet#ephemeral";

    private readonly Socket _socket;
    private readonly PipeReader _input;
    private readonly Queue<NsqFrame> _seen = new();
    private readonly Queue<NsqFrame> _putAside = new();

    private NsqSocket(Socket socket)
    {
        _socket = socket;
        _input = PipeReader.Create(new NetworkStream(socket, ownsSocket: false), new StreamPipeReaderOptions(bufferSize: 64 << 10));
    }

    /// <summary>Heartbeats that came so far.</summary>
    public int Heartbeats { get; private set; }

    /// <summary>Whether <see cref="SyncAsync"/> has come upon frames that were not expected yet.</summary>
    public bool HasFrames => _putAside.Count > 0;

    /// <summary>Address of this end.</summary>
    public IPEndPoint LocalEndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    /// <summary>Connects and sends nothing.</summary>
    public static async Task<NsqSocket> ConnectAsync(EndPoint broker, int? receiveBuffer = null)
    {
        Socket socket = new(broker.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        if (broker.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6) socket.NoDelay = true;
        if (receiveBuffer is { } size) socket.ReceiveBufferSize = size;
        using CancellationTokenSource patience = new(Patience);
        try
        {
            await socket.ConnectAsync(broker, patience.Token);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return new NsqSocket(socket);
    }

    /// <summary>Connects and sends the protocol's magic.</summary>
    public static async Task<NsqSocket> OpenAsync(EndPoint broker, int? receiveBuffer = null)
    {
        NsqSocket socket = await ConnectAsync(broker, receiveBuffer);
        await socket.SendAsync(NsqCommand.Magic);
        return socket;
    }

    public async Task SendAsync(byte[] bytes)
    {
        ReadOnlyMemory<byte> left = bytes;
        using CancellationTokenSource patience = new(Patience);
        try
        {
            while (!left.IsEmpty) left = left[await _socket.SendAsync(left, patience.Token)..];
        }
        catch (OperationCanceledException)
        {
            throw Failure($"{left.Length} of {bytes.Length} bytes could not be sent within {Patience.TotalSeconds} s");
        }
    }

    /// <summary>Sends a command without a body.</summary>
    public Task SendLineAsync(string line) => SendAsync(NsqCommand.Line(line));

    /// <summary>Sends what the broker may stop reading by closing the connection.</summary>
    public async Task SendInVainAsync(byte[] bytes)
    {
        try
        {
            await SendAsync(bytes);
        }
        catch (SocketException)
        {
        }
    }

    /// <summary>Says that nothing more will be sent.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Drops the connection as a dying process does, with a reset.</summary>
    public void Abort() => _socket.Close(0);

    public Task ExpectOkAsync() => ExpectResponseAsync("OK");

    /// <summary>Expects as many <c>OK</c> as <paramref name="count"/>, in a row.</summary>
    public async Task ExpectOkAsync(int count)
    {
        for (int i = 0; i < count; i++) await ExpectResponseAsync("OK", $"OK {i + 1} of {count}");
    }

    public Task ExpectResponseAsync(string text) => ExpectResponseAsync(text, $"the response \"{text}\"");

    /// <summary>Expects a response and gives its text.</summary>
    public async Task<string> ExpectResponseAsync() => (await ExpectAsync(NsqFrame.Response, "a response")).Text;

    /// <summary>Expects an error frame whose whole data is <paramref name="text"/>.</summary>
    public async Task ExpectErrorAsync(string text)
    {
        NsqFrame frame = await ExpectAsync(NsqFrame.Error, $"the error \"{text}\"");
        if (frame.Text != text) throw Failure($"the error \"{text}\" was awaited, but {frame} came");
    }

    /// <summary>Expects an error frame and then the end of the connection.</summary>
    public async Task ExpectFatalAsync(string text)
    {
        await ExpectErrorAsync(text);
        await ExpectClosedAsync();
    }

    public async Task<NsqMessage> ExpectMessageAsync() => NsqMessage.Parse((await ExpectAsync(NsqFrame.Message, "a message")).Data);

    public async Task<NsqMessage> ExpectMessageAsync(string body)
    {
        NsqMessage message = NsqMessage.Parse((await ExpectAsync(NsqFrame.Message, $"the message \"{body}\"")).Data);
        if (message.Text != body) throw Failure($"the message \"{body}\" was awaited, but {message} came");
        return message;
    }

    public async Task<NsqMessage[]> ExpectMessagesAsync(int count)
    {
        NsqMessage[] messages = new NsqMessage[count];
        for (int i = 0; i < count; i++)
        {
            messages[i] = NsqMessage.Parse((await ExpectAsync(NsqFrame.Message, $"message {i + 1} of {count}")).Data);
        }

        return messages;
    }

    /// <summary>Expects the end of the connection with no frame before it other than heartbeats.</summary>
    public async Task ExpectClosedAsync()
    {
        NsqFrame? frame = await NextAsync("the connection's end");
        if (frame is not null) throw Failure($"the connection's end was awaited, but {frame} came");
    }

    /// <summary>
    /// Shows that nothing was sent here: a publish on this connection is answered, and its answer is what comes next. A reply
    /// also takes along whatever the broker may have kept in the connection's output buffer (spec 1.10).
    /// </summary>
    public async Task ExpectNothingAsync()
    {
        await SendAsync(NsqCommand.Pub(QuietTopic, "quiet?"));
        await ExpectResponseAsync("OK", "no frame but the answer to a publish");
    }

    /// <summary>
    /// Waits until the broker has read all that was sent here: a publish on this connection is answered. Frames that come before
    /// the answer are put aside for whoever expects them, heartbeats are counted.
    /// </summary>
    public async Task SyncAsync()
    {
        await SendAsync(NsqCommand.Pub(QuietTopic, "read?"));
        await ExpectPublishedAsync(static _ => false);
    }

    /// <summary>Expects these very bytes.</summary>
    public async Task ExpectBytesAsync(byte[] bytes)
    {
        string awaited = $"the bytes {Convert.ToHexString(bytes)}";
        byte[] got = await TakeAsync(bytes.Length, awaited);
        if (!got.AsSpan().SequenceEqual(bytes)) throw Failure($"{awaited} were awaited, but {Convert.ToHexString(got)} came");
    }

    /// <summary>Publishes and expects <c>OK</c>; messages that come before it come next.</summary>
    public async Task PublishAsync(string topic, params string[] bodies)
    {
        await SendAsync(bodies is [string only] ? NsqCommand.Pub(topic, only) : NsqCommand.Mpub(topic, bodies));
        await ExpectPublishedAsync(static frame => frame is { IsHeartbeat: false, Type: not NsqFrame.Message });
    }

    /// <summary>Identifies and gives the broker's answer.</summary>
    public async Task<string> IdentifyAsync(string json)
    {
        await SendAsync(NsqCommand.Identify(json));
        return await ExpectResponseAsync();
    }

    /// <summary>Subscribes, expects <c>OK</c>, and asks for as many messages as <paramref name="ready"/>.</summary>
    public async Task SubscribeAsync(string topic, string channel, int ready = 0)
    {
        await SendLineAsync($"SUB {topic} {channel}");
        await ExpectOkAsync();
        if (ready > 0) await ReadyAsync(ready);
    }

    public Task ReadyAsync(int count) => SendLineAsync($"RDY {count}");

    public Task FinishAsync(NsqMessage message) => SendLineAsync($"FIN {message.Id}");

    public Task RequeueAsync(NsqMessage message, long milliseconds) => SendLineAsync($"REQ {message.Id} {milliseconds}");

    public Task TouchAsync(NsqMessage message) => SendLineAsync($"TOUCH {message.Id}");

    /// <summary>The next frame that is no heartbeat; null at the connection's end.</summary>
    public async Task<NsqFrame?> NextAsync(string awaited)
    {
        if (_putAside.TryDequeue(out NsqFrame? early)) return early;

        while (true)
        {
            NsqFrame? frame = await ReadAsync(awaited);
            if (frame is not { IsHeartbeat: true }) return frame;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _input.CompleteAsync();
        _socket.Dispose();
    }

    private static string Shown(NsqFrame? frame) => frame?.ToString() ?? "the connection's end";

    private async Task ExpectPublishedAsync(Func<NsqFrame, bool> isAnswer)
    {
        const string awaited = "the answer to a publish";
        while (await ReadAsync(awaited) is { } frame)
        {
            if (frame is { Type: NsqFrame.Response, Text: "OK" }) return;
            if (isAnswer(frame)) throw Failure($"{awaited} was awaited, but {frame} came");
            if (!frame.IsHeartbeat) _putAside.Enqueue(frame);
        }

        throw Failure($"{awaited} was awaited, but the connection was closed");
    }

    private async Task ExpectResponseAsync(string text, string awaited)
    {
        NsqFrame frame = await ExpectAsync(NsqFrame.Response, awaited);
        if (frame.Text != text) throw Failure($"{awaited} was awaited, but {frame} came");
    }

    private async Task<NsqFrame> ExpectAsync(int type, string awaited)
    {
        NsqFrame? frame = await NextAsync(awaited);
        return frame is not null && frame.Type == type ? frame : throw Failure($"{awaited} was awaited, but {Shown(frame)} came");
    }

    private async Task<NsqFrame?> ReadAsync(string awaited)
    {
        const int sizes = 8;
        if (await FillAsync(sizes, awaited) is not { } head) return null;

        byte[] start = Take(head, sizes);
        int length = BinaryPrimitives.ReadInt32BigEndian(start) - 4;
        if (length < 0) throw Failure($"{awaited} was awaited, but a frame of size {length + 4} came");

        byte[] data = length == 0 ? [] : await TakeAsync(length, awaited);
        NsqFrame frame = new(BinaryPrimitives.ReadInt32BigEndian(start.AsSpan(4)), data);

        if (frame.IsHeartbeat) Heartbeats++;
        _seen.Enqueue(frame);
        if (_seen.Count > RememberedFrames) _seen.Dequeue();
        return frame;
    }

    private async Task<byte[]> TakeAsync(int size, string awaited) => await FillAsync(size, awaited) is { } input
        ? Take(input, size)
        : throw Failure($"{awaited} was awaited, but the connection was closed");

    private byte[] Take(ReadOnlySequence<byte> input, int size)
    {
        byte[] bytes = input.Slice(0, size).ToArray();
        _input.AdvanceTo(input.GetPosition(size));
        return bytes;
    }

    /// <summary>Input of at least <paramref name="size"/> bytes; null when the connection ends before the first of them.</summary>
    private async Task<ReadOnlySequence<byte>?> FillAsync(int size, string awaited)
    {
        if (_input.TryRead(out ReadResult ready))
        {
            if (ready.Buffer.Length >= size) return ready.Buffer;
            _input.AdvanceTo(ready.Buffer.Start, ready.Buffer.Start);
        }

        using CancellationTokenSource patience = new(Patience);
        try
        {
            ReadResult result = await _input.ReadAtLeastAsync(size, patience.Token);
            if (result.Buffer.Length >= size) return result.Buffer;
            if (result.Buffer.IsEmpty) return null;
            throw Failure($"{awaited} was awaited, but the connection was closed after {Convert.ToHexString(result.Buffer.ToArray())}");
        }
        catch (OperationCanceledException)
        {
            throw Failure($"{awaited} was awaited, but nothing came within {Patience.TotalSeconds} s");
        }
        catch (IOException)
        {
            return null;
        }
    }

    private Xunit.Sdk.XunitException Failure(string what) =>
        new(_seen.Count == 0 ? $"{what}; no frame before it" : $"{what}; before it: {string.Join(", ", _seen)}");
}
