# One image for all roles: /nsqd, /nsqlookupd and /nsqadmin stand where the image nsqio/nsq has them; /silo and /gateway run a cluster.
FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:10.0 AS build
ARG TARGETARCH=amd64
WORKDIR /source
COPY . .
RUN case "$TARGETARCH" in amd64) rid=linux-x64 ;; *) rid="linux-$TARGETARCH" ;; esac \
 && dotnet publish Broker.Silo -c Release -r "$rid" -o /publish

FROM mcr.microsoft.com/dotnet/aspnet:10.0
COPY --from=build /publish /opt/broker
COPY --chmod=755 deploy/container/ /usr/local/bin/
RUN ln -s /usr/local/bin/nsqd /usr/local/bin/nsqlookupd /usr/local/bin/nsqadmin /usr/local/bin/silo /usr/local/bin/gateway / \
 && mkdir /data && chown "$APP_UID" /data
WORKDIR /data
VOLUME /data
USER $APP_UID
# NSQ clients, nsqd's HTTP API; lookup; admin web; silos among each other, gateways to silos
EXPOSE 4150 4151 4160 4161 4171 11111 30000
CMD ["/nsqd"]
