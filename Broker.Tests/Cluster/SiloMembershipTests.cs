using System.Collections.Immutable;
using System.Net;
using Broker.Silo.Cluster;
using Broker.Tests.Simulation;
using Orleans.Runtime;

namespace Broker.Tests.Cluster;

/// <summary>Whether a silo is a member is read from the cluster's list, once for all who ask at about the same time.</summary>
public sealed class SiloMembershipTests
{
    private readonly VirtualTimeProvider _time = new();
    private readonly ClusterList _list = new();

    [Fact]
    public async Task One_reading_of_the_list_serves_all_for_half_a_second()
    {
        SiloMembership membership = new(_list, _list, _time);
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => membership.IsMemberAsync().AsTask())), Assert.True);
        Assert.Equal(1, _list.Readings);

        _list.Next = SiloStatus.Dead;
        _time.Advance(TimeSpan.FromSeconds(0.4));
        Assert.True(await membership.IsMemberAsync());
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.False(await membership.IsMemberAsync());
        Assert.Equal(2, _list.Readings);
    }

    [Fact]
    public async Task What_was_known_last_counts_while_the_list_cannot_be_read()
    {
        SiloMembership membership = new(_list, _list, _time);
        _list.Fails = true;
        Assert.True(await membership.IsMemberAsync());
    }

    private sealed class ClusterList : IClusterMembershipService, ILocalSiloDetails
    {
        private SiloStatus _status = SiloStatus.Active;
        private int _readings;

        public SiloStatus Next { get; set; } = SiloStatus.Active;

        public bool Fails { get; set; }

        public int Readings => _readings;

        public SiloAddress SiloAddress { get; } = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 1), 1);

        public SiloAddress GatewayAddress => SiloAddress;

        public string Name => "one";

        public string ClusterId => "cluster";

        public string DnsHostName => "localhost";

        public ClusterMembershipSnapshot CurrentSnapshot => new(
            ImmutableDictionary<SiloAddress, ClusterMember>.Empty.Add(SiloAddress, new ClusterMember(SiloAddress, _status, Name)), new MembershipVersion(_readings));

        public IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates => throw new NotSupportedException();

        public ValueTask Refresh(MembershipVersion minimumVersion = default, CancellationToken cancellationToken = default)
        {
            if (Fails)
                return ValueTask.FromException(new InvalidOperationException("out of reach"));
            Interlocked.Increment(ref _readings);
            _status = Next;
            return default;
        }

        public Task<bool> TryKill(SiloAddress siloAddress) => throw new NotSupportedException();
    }
}
