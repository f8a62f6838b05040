namespace Broker.Tests.Simulation.Silos;

/// <summary>
/// What lies between processes: messages take their time and overtake each other, and where faults are wanted they get lost, come late or twice, or pairs of
/// processes do not reach each other.
/// </summary>
public sealed class SimulatedNetwork
{
    private static readonly TimeSpan ReorderedWithin = TimeSpan.FromMilliseconds(500);

    private readonly SeededScheduler _scheduler;
    private readonly VirtualTimeProvider _time;
    private readonly Random _random;
    private readonly SimulatedClusterOptions _options;
    private readonly HashSet<(int From, int To)> _cuts = [];

    internal SimulatedNetwork(int seed, SeededScheduler scheduler, VirtualTimeProvider time, SimulatedClusterOptions options)
    {
        _scheduler = scheduler;
        _time = time;
        _random = new Random(seed ^ 0x4E7);
        _options = options;
    }

    /// <summary>What may go wrong from now on.</summary>
    public NetworkFaults Faults { get; set; } = NetworkFaults.None;

    /// <summary>Something went wrong, which may have consequences for so long.</summary>
    public event Action<TimeSpan>? Failed;

    /// <summary>How often each fault came, by its name.</summary>
    public SortedDictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

    /// <summary>From now on nothing gets from one process to another.</summary>
    public void Cut(SimulatedSilo from, SimulatedSilo to) => _cuts.Add((from.Number, to.Number));

    /// <summary>Everybody reaches everybody again.</summary>
    public void MendAll() => _cuts.Clear();

    /// <summary>Carries a call; what comes late or a second time is a call of its own, whose answer nobody waits for.</summary>
    internal void CarryCall(GrainCall call, SimulatedSilo from, SimulatedSilo to, Action<GrainCall> deliver)
    {
        if (from == to)
        {
            Hand(() => deliver(call));
            return;
        }

        if (IsCut(from, to) || Meets(call.IsOneWay ? Faults.LosesNotices : Faults.LosesCalls, call.IsOneWay ? "lost notice" : "lost call"))
        {
            // Who asks for no answer does not wait for one.
            if (!call.IsOneWay)
                Note(TimeSpan.Zero);
            return;
        }

        TimeSpan late = _options.ResponseTimeout * (1 + (5 * _random.NextDouble()));
        if (Meets(Faults.RunsLate, "late call"))
        {
            GrainCall straggler = call.Double();
            After(late, () => deliver(straggler));
            return;
        }

        if (Meets(Faults.Doubles, "doubled call"))
        {
            GrainCall second = call.Double();
            After(_random.Next(2) == 0 ? Latency() : late, () => deliver(second));
        }

        Carry(() => deliver(call));
    }

    /// <summary>Carries an answer.</summary>
    internal void CarryAnswer(SimulatedSilo from, SimulatedSilo to, Action deliver)
    {
        if (from == to)
            Hand(deliver);
        else if (IsCut(from, to) || Meets(Faults.LosesAnswers, "lost answer"))
            Note(TimeSpan.Zero);
        else
            Carry(deliver);
    }

    private bool IsCut(SimulatedSilo from, SimulatedSilo to)
    {
        if (!_cuts.Contains((from.Number, to.Number)))
            return false;
        Count("cut");
        return true;
    }

    private void Carry(Action deliver)
    {
        TimeSpan latency = Latency();
        if (Meets(Faults.Reorders, "reordered"))
            latency += ReorderedWithin * _random.NextDouble();
        if (Meets(Faults.Delays, "delayed"))
            latency += _options.ResponseTimeout * (0.5 + _random.NextDouble());
        After(latency, deliver);
    }

    private TimeSpan Latency() => TimeSpan.FromTicks(_random.NextInt64(_options.MaxLatency.Ticks + 1));

    private bool Meets(int chance, string name)
    {
        if (chance == 0 || _random.Next(1000) >= chance)
            return false;
        Count(name);
        return true;
    }

    private void Count(string name) => Counts[name] = Counts.GetValueOrDefault(name) + 1;

    private void Note(TimeSpan arrival) => Failed?.Invoke(arrival + _options.ResponseTimeout);

    private void After(TimeSpan latency, Action deliver)
    {
        if (latency > _options.MaxLatency)
            Note(latency);
        ITimer? timer = null;
        timer = _time.CreateTimer(
            _ =>
            {
                timer?.Dispose();
                Hand(deliver);
            },
            null,
            latency,
            Timeout.InfiniteTimeSpan);
    }

    private void Hand(Action deliver) => _scheduler.Schedule(new Delivery(deliver));

    private sealed class Delivery(Action deliver) : IThreadPoolWorkItem
    {
        public void Execute() => deliver();

        public override string ToString() => "delivery";
    }
}
