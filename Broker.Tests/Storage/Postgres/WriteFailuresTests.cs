using Broker.Storage;
using Broker.Storage.Postgres;
using Broker.Tests.Simulation;
using Broker.Tests.Storage.Files;

namespace Broker.Tests.Storage.Postgres;

/// <summary>What an operator is told of writes to the database that fail.</summary>
public sealed class WriteFailuresTests
{
    private readonly RecordedLog _log = new();
    private readonly VirtualTimeProvider _time = new();
    private readonly WriteFailures _failures;

    public WriteFailuresTests() => _failures = new WriteFailures(new PostgresLog(_log), _time);

    [Fact]
    public void Each_cause_is_told_once_and_a_summary_when_writes_succeed_again()
    {
        for (int i = 0; i < 20; i++)
        {
            Fail("topic orders", "is away");
            Fail("channel billing", i < 10 ? "is away" : "is starting");
            _time.Advance(TimeSpan.FromSeconds(0.5));
        }

        Assert.Equal(2, _log.Lines.Count);
        Assert.StartsWith("cannot write topic orders: PostgreSQL does not answer in time", _log.Lines[0], StringComparison.Ordinal);
        Assert.StartsWith("cannot write channel billing: the connection to PostgreSQL failed: is starting", _log.Lines[1], StringComparison.Ordinal);

        _time.Advance(TimeSpan.FromSeconds(10));
        _failures.TellIfOver();
        Assert.Equal(2, _log.Lines.Count);
        _failures.Heal();
        _failures.TellIfOver();
        _failures.TellIfOver();
        Assert.Equal("PostgreSQL takes writes again; 40 had failed within 9.5 s", Assert.Single(_log.Lines.Skip(2)));

        Fail("topic orders", "is away");
        Assert.Equal(4, _log.Lines.Count);
    }

    /// <summary>What is refused for good is tried again twice a second, while others succeed.</summary>
    [Fact]
    public void A_write_that_always_fails_among_others_that_succeed_is_told_once()
    {
        for (int i = 0; i < 100; i++)
        {
            Fail("channel billing", "is away");
            _time.Advance(TimeSpan.FromSeconds(0.5));
            _failures.Heal();
            _failures.TellIfOver();
        }

        Assert.Single(_log.Lines);
        Assert.Null(_failures.Current);
    }

    private void Fail(string what, string cause)
    {
        Exception e = cause == "is away" ? new TimeoutException() : new IOException(cause);
        _failures.Add(new StoreException($"cannot write {what}: {PostgresFault.Cause(e)}", e));
        _failures.TellIfOver();
    }
}
