using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.CodeGeneration;
using Orleans.Core;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;
using Orleans.Timers;

namespace Broker.Tests.Simulation.Silos;

/// <summary>A silo: its activations, and what code beside them calls grains by.</summary>
public sealed class SimulatedSilo : IKeyedServiceProvider
{
    private const string ObserverType = "simulated.observer";

    private readonly IServiceProvider _services;
    private readonly Dictionary<GrainId, SimulatedActivation> _activations = [];
    private readonly List<SimulatedActivation> _order = [];
    private readonly Dictionary<GrainId, SimulatedObserver> _observers = [];
    private readonly GrainRuntime _runtime;
    private readonly Factory _factory;
    private int _observerCount;

    internal SimulatedSilo(SimulatedCluster cluster, IServiceProvider services)
    {
        Cluster = cluster;
        _services = services;
        Number = cluster.TakeNumber();
        Address = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 11_111 + Number), Number);
        _factory = new Factory(this);
        _runtime = new GrainRuntime(this);
    }

    public SimulatedCluster Cluster { get; }

    public int Number { get; }

    public bool IsAlive { get; private set; } = true;

    /// <summary>Whether it is told to stop.</summary>
    public bool IsStopping { get; private set; }

    public SiloAddress Address { get; }

    /// <summary>Where code of this process that is no grain finds grains.</summary>
    public IGrainFactory Grains => _factory;

    public int ActivationCount => _order.Count;

    /// <inheritdoc/>
    public object? GetService(Type serviceType) =>
        serviceType == typeof(IGrainFactory) ? _factory
        : serviceType == typeof(IGrainRuntime) ? _runtime
        : serviceType == typeof(ITimerRegistry) ? _runtime
        : serviceType == typeof(IServiceProviderIsService) ? null
        : _services.GetService(serviceType);

    /// <inheritdoc/>
    public object? GetKeyedService(Type serviceType, object? serviceKey) => ((IKeyedServiceProvider)_services).GetKeyedService(serviceType, serviceKey);

    /// <inheritdoc/>
    public object GetRequiredKeyedService(Type serviceType, object? serviceKey) =>
        ((IKeyedServiceProvider)_services).GetRequiredKeyedService(serviceType, serviceKey);

    /// <summary>Dies at once: no turn runs any more, and nobody is told.</summary>
    public void Kill()
    {
        IsAlive = false;
        Cluster.Remove(this);
        Cluster.Directory.Remove(this);
        foreach (SimulatedActivation activation in _order.ToArray())
            activation.Kill();
        _observers.Clear();
        Cluster.Break(this);
    }

    /// <summary>Deactivates all grains, then is gone.</summary>
    public async Task StopAsync()
    {
        IsStopping = true;
        SimulatedActivation[] all = [.. _order];
        foreach (SimulatedActivation activation in all)
            activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ShuttingDown, "the silo stops"));
        await Task.WhenAll(all.Select(activation => activation.Deactivated));
        Kill();
    }

    internal IGrainRuntime Runtime => _runtime;

    /// <summary>The number of the silo whose observer an id names; null for ids of grains.</summary>
    internal static int? OfObserver(GrainId id)
    {
        string? type = id.Type.ToString();
        return type == ObserverType ? int.Parse(id.Key.ToString()!.Split('.')[0], CultureInfo.InvariantCulture) : null;
    }

    internal SimulatedActivation? Find(GrainId id) => _activations.GetValueOrDefault(id);

    internal void Receive(GrainCall call)
    {
        if (!IsAlive)
        {
            Cluster.Refuse(call, this);
            return;
        }

        if (OfObserver(call.Target) is not null)
        {
            // A call to an observer that is gone gets no answer.
            _observers.GetValueOrDefault(call.Target)?.Receive(call);
            return;
        }

        if (!_activations.TryGetValue(call.Target, out SimulatedActivation? activation))
        {
            // Whoever asked remembers a place where the grain is not any more.
            if (Cluster.Directory.Register(call.Target, this) is { } elsewhere)
            {
                Cluster.Directory.Unregister(call.Target, this);
                Cluster.Route(call, elsewhere);
                return;
            }

            activation = new SimulatedActivation(this, Cluster.ClassOf(call.Target.Type), call.Target);
            _activations.Add(call.Target, activation);
            _order.Add(activation);
            activation.Begin(call);
        }

        activation.Receive(call);
    }

    internal void Remove(SimulatedActivation activation)
    {
        if (_activations.GetValueOrDefault(activation.GrainId) != activation)
            return;
        _activations.Remove(activation.GrainId);
        _order.Remove(activation);
        Cluster.Directory.Unregister(activation.GrainId, this);
    }

    private sealed class Factory(SimulatedSilo silo) : SimulatedGrainFactory
    {
        public override IAddressable GetGrain(Type interfaceType, IdSpan grainKey, string? grainClassNamePrefix) => OrleansParts.MakeReference(
            silo._runtime, interfaceType, GrainId.Create(silo.Cluster.ClassOf(interfaceType, grainClassNamePrefix).GrainType, grainKey));

        public override IAddressable GetGrain(GrainId grainId, GrainInterfaceType interfaceType) =>
            OrleansParts.MakeReference(silo._runtime, OrleansParts.InterfaceOf(interfaceType), grainId);

        public override TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        {
            GrainId id = GrainId.Create(ObserverType, string.Create(CultureInfo.InvariantCulture, $"{silo.Number}.{silo._observerCount++}"));
            silo._observers.Add(id, new SimulatedObserver(silo, id, obj));
            return (TGrainObserverInterface)(object)OrleansParts.MakeReference(silo._runtime, typeof(TGrainObserverInterface), id);
        }

        public override void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        {
            if (!silo._observers.Remove(obj.GetGrainId()))
                throw new ArgumentException("Reference is not associated with a local object.", nameof(obj));
        }
    }

    private sealed class GrainRuntime(SimulatedSilo silo) : IGrainRuntime, IGrainReferenceRuntime, ITimerRegistry
    {
        public string SiloIdentity => silo.Address.ToString();

        public SiloAddress SiloAddress => silo.Address;

        public IGrainFactory GrainFactory => silo._factory;

        public ITimerRegistry TimerRegistry => this;

        public IServiceProvider ServiceProvider => silo;

        public TimeProvider TimeProvider => silo.Cluster.Time;

        public void DeactivateOnIdle(IGrainContext grainContext) =>
            grainContext.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "DeactivateOnIdle was called."));

        public void DelayDeactivation(IGrainContext grainContext, TimeSpan timeSpan) => ((SimulatedActivation)grainContext).KeepFor(timeSpan);

        public IStorage<TGrainState> GetStorage<TGrainState>(IGrainContext grainContext) => throw new NotSupportedException();

        public IDisposable RegisterTimer(IGrainContext grainContext, Func<object?, Task> callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            throw new NotSupportedException();

        public IGrainTimer RegisterGrainTimer<TState>(
            IGrainContext grainContext, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
        {
            if (!((SimulatedActivation)grainContext).IsInTurn)
                throw new InvalidOperationException("a timer is registered in turns of its grain only");
            SimulatedTimer timer = new((SimulatedActivation)grainContext, cancellation => callback(state, cancellation), options.Interleave);
            timer.Change(options.DueTime, options.Period);
            return timer;
        }

        public async ValueTask<T?> InvokeMethodAsync<T>(GrainReference reference, IInvokable request, InvokeMethodOptions options)
        {
            using Response? response = await SendAsync(reference, request, options);
            return response is null ? default : response.GetResult<T>();
        }

        public async ValueTask InvokeMethodAsync(GrainReference reference, IInvokable request, InvokeMethodOptions options)
        {
            using Response? response = await SendAsync(reference, request, options);
            if (response?.Exception is not null)
                response.GetResult<object>();
        }

        public void InvokeMethod(GrainReference reference, IInvokable request, InvokeMethodOptions options) => SendAsync(reference, request, options);

        public object Cast(IAddressable grain, Type interfaceType) => interfaceType.IsInstanceOfType(grain) && grain is GrainReference
            ? grain
            : OrleansParts.MakeReference(this, interfaceType, grain.GetGrainId());

        private Task<Response?> SendAsync(GrainReference reference, IInvokable request, InvokeMethodOptions options)
        {
            // An await of other code goes on wherever the context of that code takes it, at a moment that no seed decides.
            silo.Cluster.Scheduler.ThrowIfOutside($"{request.GetMethodName()} of {reference.GrainId} was called");
            // A turn of a grain calls from its own silo, whoever made the reference.
            GrainCall call = new(SimulatedCluster.Current ?? silo, reference.GrainId, request, options);
            silo.Cluster.Send(call);
            return call.IsOneWay ? Task.FromResult<Response?>(null) : call.Answered;
        }
    }
}
