using System.Buffers;
using System.Buffers.Binary;
using Broker.Protocol;
using FsCheck;
using FsCheck.Fluent;

namespace Broker.Tests.Protocol;

public sealed class MultiPublishBodyTests
{
    private const int MaxMessage = 50;
    private const int MaxBody = 400;

    [Fact]
    public void A_body_that_comes_byte_by_byte_ends_as_one_that_comes_at_once()
    {
        Gen<int> size = Gen.Frequency((20, Gen.Choose(1, MaxMessage)), (1, Gen.Elements(0, -1, MaxMessage + 1, int.MaxValue, int.MinValue)));
        var bodies =
            from sizes in size.ListOf()
            from total in Gen.Frequency((10, Gen.Choose(1, MaxBody)), (1, Gen.Elements(0, -1, MaxBody + 1)))
            from count in Gen.Frequency((10, Gen.Constant(sizes.Count)), (1, Gen.Choose(-1, 100)))
            from segment in Gen.Choose(1, 20)
            select (Body: Encode(total, count, [.. sizes]), Segment: segment);
        Prop.ForAll(bodies.ToArbitrary(), sample =>
        {
            (OperationStatus status, string? error, long length) whole = Scan(sample.Body, sample.Body.Length, sample.Body.Length + 1);
            (OperationStatus status, string? error, long length) pieces = Scan(sample.Body, 1, sample.Segment);
            Assert.Equal(whole, pieces);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void An_error_is_seen_as_soon_as_its_bytes_are_there()
    {
        byte[] body = Encode(100, 3, [5, 0, 5]);
        MultiPublishBody scanner = new(MaxMessage, MaxBody);
        int needed = 4 + 4 + 4 + 5 + 4;
        Assert.Equal(OperationStatus.NeedMoreData, scanner.Advance(new(body, 0, needed - 1), out _));
        Assert.Equal(OperationStatus.InvalidData, scanner.Advance(new(body, 0, needed), out ProtocolError? error));
        Assert.Equal("E_BAD_MESSAGE MPUB invalid message(1) body size 0", error!.ToString());
    }

    [Fact]
    public void What_the_elements_take_is_held_to_the_limit_of_the_body()
    {
        byte[] body = Encode(10, 60, [.. Enumerable.Repeat(MaxMessage, 60)]);
        (OperationStatus status, string? error, long _) = Scan(body, body.Length, body.Length + 1);
        Assert.Equal((OperationStatus.InvalidData, "E_BAD_BODY MPUB body too big 436 > 400"), (status, error));
    }

    /// <summary>Shows the scanner ever more of the body, in segments of one size, until it knows.</summary>
    private static (OperationStatus Status, string? Error, long Length) Scan(byte[] body, int step, int segment)
    {
        MultiPublishBody scanner = new(MaxMessage, MaxBody);
        for (int available = Math.Min(step, body.Length); ; available = Math.Min(available + step, body.Length))
        {
            OperationStatus status = scanner.Advance(Segments.Of(body.AsMemory(0, available), segment), out ProtocolError? error);
            if (status != OperationStatus.NeedMoreData)
                return (status, error?.ToString(), status == OperationStatus.Done ? scanner.Length : 0);
            if (available == body.Length)
                return (status, scanner.Truncated(available).ToString(), 0);
        }
    }

    private static byte[] Encode(int total, int count, int[] sizes)
    {
        using MemoryStream stream = new();
        Span<byte> number = stackalloc byte[sizeof(int)];
        Write(total, number);
        Write(count, number);
        foreach (int size in sizes)
        {
            Write(size, number);
            stream.Write(new byte[Math.Clamp(size, 0, MaxMessage)]);
        }
        return stream.ToArray();

        void Write(int value, Span<byte> buffer)
        {
            BinaryPrimitives.WriteInt32BigEndian(buffer, value);
            stream.Write(buffer);
        }
    }
}
