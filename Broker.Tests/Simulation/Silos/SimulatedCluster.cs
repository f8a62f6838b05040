using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Simulation.Silos;

/// <summary>
/// Silos that run grains on one thread under virtual time, in an order drawn from a seed, by Orleans' own proxies, invokables and copiers. A network lies
/// between the silos, and the directory that says where a grain is may be wrong for a while.
/// </summary>
/// <remarks>
/// As Orleans has it: turns of an activation never overlap; requests interleave by <c>[Reentrant]</c>, <c>[AlwaysInterleave]</c> and <c>[ReadOnly]</c>; calls
/// arrive in any order; a call that gets no answer times out; a silo that is killed answers nothing any more. Not simulated: reentrancy within a call
/// chain, <c>[MayInterleave]</c>, call filters, migration, stateless workers and generic grains, of which the broker uses none.
/// </remarks>
public sealed class SimulatedCluster
{
    private static readonly ServiceProvider NoServices = new ServiceCollection().BuildServiceProvider();

    private readonly Random _random;
    private readonly Dictionary<Type, GrainClass> _classes = [];
    private readonly Dictionary<GrainType, GrainClass> _classesByType = [];
    private readonly LinkedList<GrainCall> _open = [];
    private readonly List<SimulatedSilo> _silos = [];
    private readonly List<SimulatedSilo> _clients = [];
    private int _number = 1;

    public SimulatedCluster(int seed, SeededScheduler scheduler, VirtualTimeProvider time, SimulatedClusterOptions options)
    {
        _random = new Random(seed ^ 0x51105);
        Scheduler = scheduler;
        Time = time;
        Options = options;
        Directory = new SimulatedDirectory(this, _random);
        Network = new SimulatedNetwork(seed, scheduler, time, options);
        foreach (GrainClass grainClass in options.GrainAssemblies.SelectMany(GrainClass.In))
        {
            _classesByType[grainClass.GrainType] = grainClass;
            foreach (Type interfaceType in grainClass.Type.GetInterfaces().Where(one => OrleansParts.Interfaces.Contains(one)))
                _classes.TryAdd(interfaceType, grainClass);
        }
    }

    public SeededScheduler Scheduler { get; }

    public VirtualTimeProvider Time { get; }

    public SimulatedClusterOptions Options { get; }

    /// <summary>The silos that live.</summary>
    public IReadOnlyList<SimulatedSilo> Silos => _silos;

    public SimulatedNetwork Network { get; }

    internal SimulatedDirectory Directory { get; }

    /// <summary>Requests that grains have begun, in all silos.</summary>
    public long TotalCalls { get; internal set; }

    /// <summary>What observers have thrown. Nobody waits for it, and Orleans would log it.</summary>
    public List<Exception> ObserverFailures { get; } = [];

    public int ActivationCount => _silos.Sum(silo => silo.ActivationCount);

    /// <summary>Starts a silo.</summary>
    /// <param name="services">What grains are made from. <see cref="IGrainFactory"/> and what Orleans adds to it is added.</param>
    public SimulatedSilo AddSilo(IServiceProvider services)
    {
        SimulatedSilo silo = new(this, services);
        _silos.Add(silo);
        return silo;
    }

    /// <summary>Starts a process that hosts no grains, and calls those of the silos.</summary>
    public SimulatedSilo AddClient()
    {
        SimulatedSilo client = new(this, NoServices);
        _clients.Add(client);
        return client;
    }

    /// <summary>Lets every silo that has a grain drop it, with what is on the way to it, as if its process had died.</summary>
    public void Kill(IAddressable grain)
    {
        GrainId id = grain.GetGrainId();
        foreach (SimulatedSilo silo in _silos)
            silo.Find(id)?.Kill();
    }

    /// <summary>Deactivates a grain wherever it is.</summary>
    public Task DeactivateAsync(IAddressable grain)
    {
        GrainId id = grain.GetGrainId();
        List<Task> ends = [];
        foreach (SimulatedActivation activation in _silos.Select(silo => silo.Find(id)).OfType<SimulatedActivation>())
        {
            activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "the simulation asked for it"));
            ends.Add(activation.Deactivated);
        }

        return Task.WhenAll(ends);
    }

    [ThreadStatic]
    private static SimulatedSilo? s_current;

    internal static SimulatedSilo? Current => s_current;

    internal int TakeNumber() => _number++;

    internal void Remove(SimulatedSilo silo)
    {
        _silos.Remove(silo);
        _clients.Remove(silo);
    }

    internal GrainClass ClassOf(Type interfaceType, string? prefix) =>
        prefix is null
            ? _classes.GetValueOrDefault(interfaceType) ?? throw new ArgumentException($"no grain class implements {interfaceType}")
            : _classesByType.Values.First(one => interfaceType.IsAssignableFrom(one.Type) && one.Type.FullName!.StartsWith(prefix, StringComparison.Ordinal));

    internal GrainClass ClassOf(GrainType type) => _classesByType[type];

    internal void Send(GrainCall call)
    {
        if (!call.IsOneWay)
            call.Open(_open);
        Route(call, call.From);
    }

    /// <summary>Sends a call on from a silo, to where the directory says that its grain is.</summary>
    internal void Route(GrainCall call, SimulatedSilo from)
    {
        if (SimulatedSilo.OfObserver(call.Target) is { } number)
        {
            // What is called for a process that is gone gets lost.
            if (_silos.Concat(_clients).FirstOrDefault(silo => silo.Number == number) is { } owner)
                Network.CarryCall(call, from, owner, owner.Receive);
            return;
        }

        SimulatedSilo? target = Directory.Locate(call.Target, from);
        if (target is null)
        {
            Refuse(call, by: null);
            return;
        }

        Network.CarryCall(call, from, target, target.Receive);
    }

    internal void Answer(GrainCall call, SimulatedSilo by, Action complete) => Network.CarryAnswer(by, call.From, complete);

    /// <summary>The caller learns that the silo is gone; of a silo that died it may as well hear nothing, and wait until its patience ends.</summary>
    internal void Refuse(GrainCall call, SimulatedSilo? by)
    {
        if (by is null or { IsAlive: true } || _random.Next(2) == 0)
            Scheduler.Schedule(new Delivery(() => call.Fail(new SiloUnavailableException("the silo that the grain was on is gone"))));
    }

    /// <summary>Fails what a silo that is gone had asked for, or was asked.</summary>
    internal void Break(SimulatedSilo silo)
    {
        foreach (GrainCall call in _open.ToArray())
        {
            if (call.From == silo)
                call.Fail(new SiloUnavailableException("the silo is gone"));
        }
    }

    internal static void RunAs(SimulatedSilo silo, Action turn)
    {
        SimulatedSilo? before = s_current;
        s_current = silo;
        try
        {
            turn();
        }
        finally
        {
            s_current = before;
        }
    }

    private sealed class Delivery(Action deliver) : IThreadPoolWorkItem
    {
        public void Execute() => deliver();

        public override string ToString() => "delivery";
    }
}
